import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asksForPassword, htmlValue } from '../../../src/core/text/html-value.ts';

test('the value of a field is found however its tag is written', () => {
  for (const tag of [
    '<input type="hidden" name="csrf" value="a&amp;b">',
    "<INPUT VALUE='a&#38;b' NAME='csrf'/>",
    '<input\n name = csrf\n value = a&#x26;b>',
    '<input title="1 > 0" name=csrf value="a&b">',
    '<input name="other" value="x"><input name=csrf value=a&b>',
  ]) {
    assert.equal(htmlValue(`<form>${tag}</form>`, 'input', 'csrf'), 'a&b', tag);
  }
  assert.equal(
    htmlValue('<meta name=csrf content="it&quot;s &copy; &#9999999;">', 'meta', 'csrf'),
    'it"s \u00a9 \ufffd',
  );
});

test('a value is read as a browser reads it, with and without quotes', () => {
  for (const [written, read] of [
    ['value=q83vEjRWeJA==', 'q83vEjRWeJA=='],
    ['title=it\'s value="t1"', 't1'],
    ['value="a&plus;b&equals;&sol;"', 'a+b=/'],
    ['value="a&ltb" ', 'a&ltb'],
    ['value="a&lt"', 'a<'],
    ['value="first" VALUE="second"', 'first'],
    ['value=a/b/', 'a/b/'],
    ['value="a\nb"', 'a\nb'],
  ]) {
    assert.equal(htmlValue(`<input name=csrf ${written}><p title='x'>`, 'input', 'csrf'), read, written);
  }
});

test('what is in a comment or a script, has another name or no value, is none', () => {
  for (const page of [
    '<!-- <input name=csrf value=x> -->',
    '<script>"<input name=csrf value=x>"</script >',
    '<input name=csrf value="">',
    '<input name=csrf>',
    '<input id=csrf value=x>',
    '<inputs name=csrf value=x>',
    '<meta name=csrf value=x>',
    '<!-- <input name=csrf value=x>',
    '<input name=csrf value="x>',
    '<title><input name=csrf value=x></title>',
    '<textarea><input name=csrf value=x></textarea>',
    '<style><input name=csrf value=x></style>',
    '<script></scripture><input name=csrf value=x></script>',
    '<template><template></template><input name=csrf value=x></template>',
    '',
  ]) {
    assert.equal(htmlValue(page, 'input', 'csrf'), undefined, page);
  }
});

test('a field for a password is one in any spelling', () => {
  assert.ok(asksForPassword("<input type='PASSWORD'>"));
  assert.ok(!asksForPassword('<input type=text name=password><p type=password>'));
});

test('what comes after a comment, a script or a template counts, however each ends', () => {
  for (const before of ['<!-->', '<script><!-- </SCRIPT\n>', '<TEMPLATE><p></TEMPLATE>', '</template>']) {
    assert.equal(htmlValue(`${before}<input name=csrf value=t1>`, 'input', 'csrf'), 't1', before);
  }
});

test('letters that become longer in lower case move nothing', () => {
  const page = '<TITLE>İİİİ</TITLE><!-- İ --><SCRIPT>"İ"</SCRIPT><INPUT NAME="csrf" VALUE="t1">';
  assert.equal(htmlValue(page, 'input', 'csrf'), 't1');
});

// Read in a square of its length, each would take minutes.
test('a page of a megabyte is read in one pass, whatever is left open in it', { timeout: 60_000 }, () => {
  for (const text of [
    '<!--',
    '<input "',
    "<input '",
    '<script>',
    '<input a=',
    '<input ',
    '&#x',
    '<meta a="\'',
    '<div>',
    '<template>',
  ]) {
    assert.equal(htmlValue(text.repeat((1024 * 1024) / text.length), 'input', 'csrf'), undefined, text);
  }
  const many = Array.from({ length: 150_000 }, (_, at) => `a${at}`).join(' ');
  assert.equal(htmlValue(`<input ${many} name=csrf value=t1>`, 'input', 'csrf'), 't1');
});
