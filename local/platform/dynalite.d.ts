declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** An in-memory DynamoDB, not listening yet. Times in milliseconds. */
  function dynalite(options?: {
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
    readonly updateTableMs?: number;
  }): Server;
  export = dynalite;
}
