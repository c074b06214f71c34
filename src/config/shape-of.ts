import type { Shape } from "./shape.ts";
import { SHAPES } from "./shapes.gen.ts";

const root = SHAPES[""];
/** The shape of a whole file. */
export const FILE_SHAPE: Shape = root ?? { types: ["map"] };

/** The shape of the value of a key; undefined when there is no such key. */
export function shapeOfKey(shape: Shape, key: string): Shape | undefined {
  const { keys, rest } = shape;
  const id = keys !== undefined && Object.hasOwn(keys, key) ? keys[key] : rest;
  return id === undefined ? undefined : SHAPES[id];
}

export function shapeOfItem(shape: Shape): Shape | undefined {
  return shape.items === undefined ? undefined : SHAPES[shape.items];
}

/** The shape at a path of keys and list positions. */
export function shapeAt(path: readonly string[]): Shape | undefined {
  let shape: Shape | undefined = FILE_SHAPE;
  for (const step of path) {
    if (shape === undefined) return undefined;
    shape = shapeOfKey(shape, step) ?? (/^\d+$/.test(step) ? shapeOfItem(shape) : undefined);
  }
  return shape;
}
