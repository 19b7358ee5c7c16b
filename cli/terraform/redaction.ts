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
  /** The longest first: one may begin with another. */
  private readonly secrets: readonly Secret[];
  private held = "";

  constructor(secrets: readonly Secret[]) {
    super();
    this.secrets = secrets.toSorted((one, other) => other.text.length - one.text.length);
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    done(
      null,
      this.redact(this.held + this.decoder.write(chunk), (rest) => this.mayBegin(rest)),
    );
  }

  override _flush(done: TransformCallback): void {
    done(
      null,
      this.redact(this.held + this.decoder.end(), () => false),
    );
  }

  /** What of a text may be shown; from where it is `unclear`, it is held. */
  private redact(text: string, unclear: (rest: string) => boolean): string {
    let shown = "";
    let at = 0;
    while (at < text.length && !unclear(text.slice(at))) {
      const secret = this.secrets.find((one) => text.startsWith(one.text, at));
      shown += secret?.name ?? text.charAt(at);
      at += secret?.text.length ?? 1;
    }
    this.held = text.slice(at);
    return shown;
  }

  private mayBegin(rest: string): boolean {
    return this.secrets.some(({ text }) => text.length > rest.length && text.startsWith(rest));
  }
}
