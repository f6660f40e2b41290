/** `work`, never twice at once: whoever asks meanwhile waits for a run that begins after he asked. */
export function oneByOne(work: () => Promise<void>): () => Promise<void> {
  let running = Promise.resolve();
  let next: Promise<void> | null = null;
  function run(): Promise<void> {
    next = null;
    running = work();
    return running;
  }
  return () => {
    next ??= running.then(run, run);
    return next;
  };
}
