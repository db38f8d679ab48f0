/** Mutual exclusion, for work that must not overlap: each piece starts when the one before has ended, however that ended. */
export function mutex(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();

  async function after<Result>(before: Promise<unknown>, work: () => Promise<Result>): Promise<Result> {
    await before.catch(() => undefined); // whoever asked for it hears of it
    return work();
  }

  return (work) => {
    const turn = after(last, work);
    last = turn;
    return turn;
  };
}
