type Import = (url: string) => Promise<unknown>

let own: Import = (url) => import(url)

/** Hands in the `import()` that `importModule` calls: code that V8 has kept from an earlier command has none (docs/adr/0015). */
export function provideImport(given: Import): void {
  own = given
}

/** Loads a module of the user's by its URL; throws what it throws. */
export async function importModule(url: string): Promise<Readonly<Record<string, unknown>>> {
  return (await own(url)) as Readonly<Record<string, unknown>>
}
