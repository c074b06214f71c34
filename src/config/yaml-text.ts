/** A value on one line of YAML, in the notation with brackets. */
export function inlineYaml(value: unknown, isInside = false): string {
  if (Array.isArray(value)) return `[${value.map((item) => inlineYaml(item, true)).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const parts = Object.entries(value).map(([key, item]) => `${key}: ${inlineYaml(item, true)}`);
    return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
  }
  if (typeof value !== "string") return String(value);
  return isPlain(value, isInside) ? value : JSON.stringify(value);
}

/** Whether YAML reads these characters, without quotes, as this very text. */
function isPlain(text: string, isInside: boolean): boolean {
  if (/^(?:[-+.\d]+|0[xo].*|true|false|null|~|[-+.\d]+e.*|\.(?:inf|nan))$/i.test(text))
    return false;
  if (/:\s|:$|\s#|[\n\r\t]|^\s|\s$/.test(text)) return false;
  const pattern = isInside ? /^[A-Za-z0-9_./:][^[\]{},"#]*$/ : /^[A-Za-z0-9_./:][^\u0000-\u001f]*$/;
  return pattern.test(text);
}
