import { invalidParameter, type ApiError } from "../protocol/api-error";

const token =
  /\s*(==|!=|=~|!~|>=|<=|>|<|&&|\|\||!in\b|!exists\b|!|[()[\],]|'[^']*'|"[^"]*"|(?:[A-Za-z0-9_./\\@:*^$+?-]|\.)+)/y;

/** The words and signs of an expression, read in order. */
export class Tokens {
  private readonly tokens: readonly string[];
  private position = 0;

  /** @throws ApiError InvalidParameterException for characters that no word or sign has */
  constructor(private readonly text: string) {
    this.tokens = this.split();
  }

  /** @throws ApiError InvalidParameterException at the end */
  next(): string {
    const token = this.tokens[this.position];
    if (token === undefined) {
      throw this.invalid();
    }
    this.position += 1;
    return token;
  }

  /** Skips the next token if it is one of these, and returns whether it was. */
  take(...options: readonly string[]): boolean {
    const found = options.includes(this.tokens[this.position] ?? "");
    this.position += found ? 1 : 0;
    return found;
  }

  /** @throws ApiError InvalidParameterException unless the next token is this one */
  expect(token: string): void {
    if (!this.take(token)) {
      throw this.invalid();
    }
  }

  /** @throws ApiError InvalidParameterException unless all has been read */
  end(): void {
    if (this.position < this.tokens.length) {
      throw this.invalid();
    }
  }

  invalid(): ApiError {
    return invalidParameter(`Invalid expression: ${this.text}`);
  }

  private split(): string[] {
    const tokens: string[] = [];
    token.lastIndex = 0;
    const end = this.text.trimEnd().length;
    while (token.lastIndex < end) {
      const found = token.exec(this.text)?.[1];
      if (found === undefined) {
        throw this.invalid();
      }
      tokens.push(/^['"]/.test(found) ? found.slice(1, -1) : readAsNumber(found));
    }
    return tokens;
  }
}

/** The number that a text reads as, written as a text; other texts unchanged. */
function readAsNumber(token: string): string {
  return /^\d+(\.\d*)?(e[+-]?\d+)?$/i.test(token) ? String(Number(token)) : token;
}
