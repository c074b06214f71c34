import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Of a key: 32 bytes, written as hex digits. */
const KEY = /^[0-9a-f]{64}$/;

/** A key for `seal`, to be held in memory only: in the environment of guardian, supervisor and shims. */
export function newKey(): string {
  return randomBytes(32).toString("hex");
}

/** Whether a text can be a key at all. */
export function isKey(text: string | undefined): text is string {
  return text !== undefined && KEY.test(text);
}

/** `text` as base64 that says nothing to whoever has not the key, and cannot be changed without it. */
export function seal(key: string, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, Buffer.from(key, "hex"), nonce);
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64");
}

/** What was sealed, or null: with another key, or changed since. */
export function unseal(key: string, sealed: string): string | null {
  const bytes = Buffer.from(sealed, "base64");
  try {
    const decipher = createDecipheriv(
      CIPHER,
      Buffer.from(key, "hex"),
      bytes.subarray(0, NONCE_BYTES),
    );
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const body = bytes.subarray(NONCE_BYTES + TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
  } catch {
    return null;
  }
}
