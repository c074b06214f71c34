/**
 * What the schema says about one place of procs.yaml, in the form that the reader and the error
 * messages need. The table of all of them, `shapes.gen.ts`, is made from the schema.
 */
export interface Shape {
  readonly types: readonly ShapeType[];
  /** Known keys of a map: name -> shape. */
  readonly keys?: Readonly<Record<string, string>>;
  /** Shape of the values of a map with free names. */
  readonly rest?: string;
  /** Keys that begin with `x-` are free here. */
  readonly isOpen?: true;
  /** Shape of the items of a list. */
  readonly items?: string;
  /** Goes after "must be". */
  readonly expects?: string;
  readonly example?: unknown;
  /** The words allowed here. */
  readonly values?: readonly string[];
  /** Described, but refused until a later version. */
  readonly isNotYet?: true;
  /** What to do as long as it is refused. */
  readonly instead?: string;
  /** Text here is handed to a shell: `$` is the shell's. */
  readonly isShell?: true;
}

export type ShapeType = "string" | "number" | "boolean" | "null" | "map" | "list";

export type Shapes = Readonly<Record<string, Shape>>;
