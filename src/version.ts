/** The version of this package; a test holds it to package.json. A constant, because reading a file costs every command time. */
export const VERSION = "0.1.0";
