/** Stands where a secret value would: never the value, never its length. */
export const REDACTED = "••••••";

/** Whether a value must not be shown unasked: its name says so, or it is a URL with a password in it. */
export function isSecret(name: string, value: string): boolean {
  return SECRET_NAME.test(name) || URL_WITH_PASSWORD.test(value);
}

/** The value, or REDACTED in its place. */
export function redact(name: string, value: string): string {
  return isSecret(name, value) ? REDACTED : value;
}

/**
 * Whole words of a name written in any of the usual ways (API_KEY, api-key, clientSecret), so that
 * MONKEY, KEYBOARD and TOKENIZER are no secrets, and PWD and SSH_AUTH_SOCK stay readable.
 */
const SECRET_NAME = new RegExp(
  [
    "(?:^|[_.-])(?:TOKENS?|SECRETS?|PASSWORDS?|PASSWDS?|PASSPHRASE|PASS|PRIVATE|CREDENTIALS?|CREDS?|API[_-]?KEYS?)(?:$|[_.-])",
    "(?:^|[_.-])(?:KEYS?|PAT|AUTH|SALT|DSN)$",
    "(?:TOKEN|SECRET|PASSWORD|PASSWD|APIKEY|ACCESSKEY|PRIVATEKEY)$",
  ].join("|"),
  "i",
);

/** `scheme://user:password@host`; the password may not be empty, `$PORT` and `:3000` are none. */
const URL_WITH_PASSWORD = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*:[^\s/?#@]+@/i;
