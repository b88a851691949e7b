/** Counts what holds and what does not, and says it. */
export interface Checks {
  /** Runs one check; what it throws is its failure. */
  check(name: string, work: () => Promise<void>): Promise<void>;
  /** Prints the sum. Returns the exit code. */
  conclude(): number;
}

export function createChecks(print: (line: string) => void): Checks {
  let passed = 0;
  let failed = 0;
  return {
    check: async (name, work) => {
      try {
        await work();
        passed += 1;
        print(`passed  ${name}`);
      } catch (error) {
        failed += 1;
        print(`FAILED  ${name}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      }
    },
    conclude: () => {
      print(`${passed} passed, ${failed} failed`);
      return failed === 0 ? 0 : 1;
    },
  };
}
