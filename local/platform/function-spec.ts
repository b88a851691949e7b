/** A function as the template declares it, everything resolved. */
export interface FunctionSpec {
  readonly name: string;
  readonly arn: string;
  /** `file.export`. */
  readonly handler: string;
  /** Directory of the unpacked asset. */
  readonly taskRoot: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** Absent: unreserved. */
  readonly reservedConcurrency?: number;
}

/** One line that a function wrote to its standard output or error. */
export interface FunctionLogLine {
  readonly functionName: string;
  readonly line: string;
}
