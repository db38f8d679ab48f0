/**
 * The record that went whole into a member `record`, because a destination does not take a name or a date in it; other
 * texts as they are. No record of these tests begins so itself.
 */
export function unwrapped(text: string): string {
  return text.replace(/^\{"record":(\{.*\})\}$/s, '$1');
}
