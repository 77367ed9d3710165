// Yahoo's frames, as docs/yahoo.md has them: PricingData in protobuf, base64.
const varint = (n) => { const out = []; for (let left = BigInt(n); ; left >>= 7n) { if (left < 128n) return [...out, Number(left)]; out.push(Number(left & 127n) | 128); } };
const text = (tag, value) => [...varint((tag << 3) | 2), ...varint(Buffer.byteLength(value)), ...Buffer.from(value)];
const float = (tag, value) => { const bytes = Buffer.alloc(4); bytes.writeFloatLE(value); return [...varint((tag << 3) | 5), ...bytes]; };
const zigzag = (tag, value) => [...varint(tag << 3), ...varint(BigInt(value) * 2n)];
const whole = (tag, value) => [...varint(tag << 3), ...varint(value)];

/** @param time  ms since the epoch @param volume  of the day so far */
export function frame({ ticker, price, time, volume }) {
  return Buffer.from([...text(1, ticker), ...float(2, price), ...zigzag(3, time), ...text(5, 'SAO'), ...whole(6, 8), ...whole(7, 1),
                      ...float(8, 1.5), ...zigzag(9, volume), ...float(12, 0.5)]).toString('base64');
}
