/** Any value that survives `JSON.parse(JSON.stringify(x))`. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** A property record; absent and `undefined` mean the same: not known. */
export type JsonObject = { readonly [key: string]: Json | undefined };
