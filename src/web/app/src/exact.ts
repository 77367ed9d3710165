// JSON whose numbers keep the digits that they were sent with: an integer beyond 2^53, a decimal's last zero.

/** A number that JavaScript's own would not give back as it was sent. */
export class Exact {
  constructor(private readonly digits: string) {}
  toString(): string { return this.digits; }
}

const ESCAPE_QUOTE_OR_NUMBER = /\\.|"|-?\d[\d.eE+-]*/g;

/** As JSON.parse, but that such numbers become Exact. A float's exponent is read as usual: it has no more digits. */
export function parseExact(json: string): unknown {
  const mark = `#${Math.random()}#`; // begins no text, unless by chance: to look for a free one takes long in long texts
  let inText = false;
  const marked = json.replace(ESCAPE_QUOTE_OR_NUMBER, (token) => {
    if (token === '"') inText = !inText;
    const isNumber = !inText && token !== '"';
    return isNumber && !/[eE]/.test(token) && String(Number(token)) !== token ? `"${mark}${token}"` : token;
  });
  return JSON.parse(marked, (_, value) => (typeof value === 'string' && value.startsWith(mark) ? new Exact(value.slice(mark.length)) : value));
}

/** A value as JSON again, with the digits that it came with. */
export function exactJson(value: unknown): string {
  if (value instanceof Exact) return String(value);
  if (Array.isArray(value)) return `[${value.map(exactJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, of]) => `${JSON.stringify(key)}:${exactJson(of)}`).join(',')}}`;
}
