/** The pages of a slice as far as the source gave them: what came before it failed is delivered like anything else. */
import { Problem } from '../problem.ts';
import type { Page } from '../types.ts';

/** Ends where the pages end, or the source fails; `failed` is told why. */
export async function* untilFailure(
  pages: AsyncIterable<Page>,
  failed: (problem: Problem) => void,
): AsyncGenerator<Page, void, undefined> {
  try {
    yield* pages;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    failed(problem);
  }
}
