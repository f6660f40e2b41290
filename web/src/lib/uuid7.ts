let lastMillis = 0;
let sequence = 0;

/** UUIDv7 (RFC 9562): ids made by one phone sort in the order of making, also within one millisecond. */
export function uuid7(now = Date.now()): string {
  sequence = now > lastMillis ? 0 : sequence + 1;
  lastMillis = Math.max(now, lastMillis);
  if (sequence > 0xfff) {
    sequence = 0;
    lastMillis += 1;
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(lastMillis / 0x10000));
  view.setUint16(4, lastMillis % 0x10000);
  view.setUint16(6, 0x7000 | sequence);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
