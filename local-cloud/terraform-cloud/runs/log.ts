import { randomBytes } from "node:crypto";

const [startOfText, endOfText] = ["\u0002", "\u0003"];

/** A log between the two control characters that mark its beginning and end for Terraform. */
export class Log {
  /** The end of its address. */
  readonly secret = randomBytes(24).toString("hex");
  private bytes = Buffer.from(startOfText);

  write(text: Buffer | string): void {
    this.bytes = Buffer.concat([this.bytes, Buffer.from(text)]);
  }

  end(): void {
    this.write(endOfText);
  }

  read(offset: number, limit: number): Buffer {
    return this.bytes.subarray(offset, offset + limit);
  }
}
