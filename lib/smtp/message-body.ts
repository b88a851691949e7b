import { Readable, Transform, type Writable } from 'node:stream';

const sliceBytes = 64 * 1024;
const nothing = Buffer.alloc(0);

/** Told while a message leaves: after each slice, and right before the final dot. */
export interface BodyProgress {
  sliceTaken(): void;
  dotMayLeave(): void;
}

/**
 * A message on its way to nodemailer, which appends the final dot when the message ends. The end is held back until the
 * socket has nothing left to write, so that before {@link BodyProgress.dotMayLeave} no byte of the dot can have left,
 * however small the message, and however much a relay that stopped reading makes the socket buffer.
 */
export class MessageBody extends Readable {
  readonly #message: Buffer;
  readonly #socket: Writable;
  readonly #progress: BodyProgress;
  #offset = 0;

  constructor(message: Buffer, socket: Writable, progress: BodyProgress) {
    super();
    this.#message = message;
    this.#socket = socket;
    this.#progress = progress;
  }

  /** nodemailer's way to start a body: `destination` stuffs the dots and is itself piped to the socket. */
  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    if (destination instanceof Transform) this.#writeNext(destination);
    else this.destroy(new TypeError('the output of this stream cannot be watched'));
    return destination;
  }

  override _read(): void {}

  #writeNext(destination: Transform): void {
    if (this.#offset >= this.#message.length) {
      this.#whenPassed(destination);
      return;
    }
    const slice = this.#message.subarray(this.#offset, this.#offset + sliceBytes);
    this.#offset += slice.length;
    destination.write(slice, (error) => {
      if (error || this.destroyed) return;
      this.#progress.sliceTaken();
      this.#writeNext(destination);
    });
  }

  #whenPassed(destination: Transform): void {
    const passed = (): boolean => {
      if (destination.readableLength > 0) return false;
      destination.off('data', passed);
      this.#whenWritten(destination);
      return true;
    };
    if (!passed()) destination.on('data', passed);
  }

  #whenWritten(destination: Transform): void {
    const end = (error?: Error | null): void => {
      if (error || this.destroyed) return;
      this.#progress.dotMayLeave();
      destination.end();
    };
    // An empty write is called back once everything before it has been handed to the kernel.
    if (this.#socket.writableLength === 0) end();
    else this.#socket.write(nothing, end);
  }
}
