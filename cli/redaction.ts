import { Transform, type TransformCallback } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** A text that nobody may see. */
export interface Secret {
  readonly text: string;
  /** What is shown in its place. */
  readonly name: string;
}

/**
 * Passes a program's output on with the names of secrets in place of their texts. It holds back only what may be the
 * beginning of one, so that a question that waits for an answer is seen.
 */
export class Redaction extends Transform {
  private readonly decoder = new StringDecoder("utf8");
  private held = "";

  constructor(private readonly secrets: readonly Secret[]) {
    super();
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    const shown = redact(this.held + this.decoder.write(chunk), this.secrets);
    const kept = Math.max(0, ...this.secrets.map(({ text }) => beginning(text, shown)));
    this.held = shown.slice(shown.length - kept);
    done(null, shown.slice(0, shown.length - kept));
  }

  override _flush(done: TransformCallback): void {
    done(null, this.held + this.decoder.end());
  }
}

/** A text without secrets. */
export function redact(text: string, secrets: readonly Secret[]): string {
  // The longest first: one may be a part of another.
  return secrets
    .toSorted((one, other) => other.text.length - one.text.length)
    .reduce((shown, secret) => shown.replaceAll(secret.text, secret.name), text);
}

/** How many of the last characters of `shown` may be the beginning of `secret`. */
function beginning(secret: string, shown: string): number {
  for (let length = Math.min(secret.length - 1, shown.length); length > 0; length--) {
    if (shown.endsWith(secret.slice(0, length))) {
      return length;
    }
  }
  return 0;
}
