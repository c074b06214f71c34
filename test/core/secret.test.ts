import { expect, test } from "vitest";
import { isSecret, REDACTED, redact } from "../../src/core/secret.ts";

test.each([
  "API_KEY",
  "api-key",
  "apiKey",
  "STRIPE_SECRET_KEY",
  "STRIPE_KEY",
  "GITHUB_TOKEN",
  "TOKEN",
  "TOKENS",
  "clientSecret",
  "SESSION_SECRET",
  "SECRET_KEY_BASE",
  "PGPASSWORD",
  "DB_PASS",
  "DB_PASSWD",
  "PRIVATE_PEM",
  "AWS_CREDENTIALS",
  "SENTRY_DSN",
  "BASIC_AUTH",
])("a variable named %s is a secret", (name) => {
  expect(isSecret(name, "x")).toBe(true);
});

test.each([
  "PORT",
  "PWD",
  "OLDPWD",
  "SSH_AUTH_SOCK",
  "MONKEY",
  "KEYBOARD",
  "TOKENIZER",
  "AUTHOR",
  "COMPASS",
  "PASSENGER_ROOT",
  "NODE_ENV",
  "PATH",
])("a variable named %s is shown", (name) => {
  expect(isSecret(name, "x")).toBe(false);
});

test.each([
  ["postgres://app:hunter2@localhost:5432/shop", true],
  ["redis://:hunter2@cache", true],
  ["see https://user:pa%20ss@example.test/x for more", true],
  ["postgres://localhost:5432/shop", false],
  ["postgres://app@localhost/shop", false],
  ["http://localhost:3000/@scope/package", false],
  ["http://localhost:3000", false],
  ["user:word@host", false],
])("the value %s is a secret: %s", (value, secret) => {
  expect(isSecret("DATABASE_URL", value)).toBe(secret);
});

test("redaction gives neither the value nor its length", () => {
  expect(redact("API_KEY", "a")).toBe(REDACTED);
  expect(redact("API_KEY", "a".repeat(99))).toBe(REDACTED);
  expect(redact("PORT", "3000")).toBe("3000");
});
