import neo4j, { type Driver, Neo4jError } from 'neo4j-driver';

type DriverFactory = typeof neo4j.driver;

/**
 * Between the store and the real driver: `codeOf` may name an error of Neo4j for a statement, which then fails with it
 * in place of being sent.
 */
export function failing(codeOf: (statement: string) => string | null): DriverFactory {
  return between((statement) => {
    const code = codeOf(statement);
    if (code !== null) throw injected(code);
  });
}

/** Between the store and the real driver: statements like this are answered with this one row. */
export function answering(statement: RegExp, row: readonly unknown[]): DriverFactory {
  return between((text) => (statement.test(text) ? { records: [{ values: () => row }] } : undefined));
}

/** @param meet answers in the server's place, throws, or leaves a statement to the server */
function between(meet: (statement: string) => object | undefined): DriverFactory {
  return (...args: Parameters<DriverFactory>) => {
    const driver = neo4j.driver(...args);
    return hooked(driver, {
      session: (...options: Parameters<Driver['session']>) => {
        const session = driver.session(...options);
        const run = (target: object) => (statement: string, parameters: unknown, config: unknown) => {
          try {
            const answer = meet(statement);
            if (answer !== undefined) return Promise.resolve(answer);
          } catch (error) {
            return Promise.reject(error);
          }
          return call(target, 'run', [statement, parameters, config]);
        };
        return hooked(session, {
          run: run(session),
          beginTransaction: (...config: unknown[]) => {
            const tx = call(session, 'beginTransaction', config);
            if (!(tx instanceof Object)) throw new TypeError('no transaction');
            return hooked(tx, {
              run: run(tx),
              commit: async () => {
                meet('COMMIT');
                await call(tx, 'commit', []);
              },
            });
          },
        });
      },
    });
  };
}

function injected(code: string): Neo4jError {
  return new Neo4jError('injected by a test', code, '50N42', 'error: general processing exception');
}

/** The same object, but for these methods. */
function hooked<T extends object>(inner: T, methods: Readonly<Record<string, unknown>>): T {
  return new Proxy(inner, {
    get(target, name) {
      const method = typeof name === 'string' ? methods[name] : undefined;
      if (method !== undefined) return method;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (...args: unknown[]) => Reflect.apply(value, target, args) : value;
    },
  });
}

function call(target: object, name: string, args: readonly unknown[]): unknown {
  const method: unknown = Reflect.get(target, name);
  if (typeof method !== 'function') throw new TypeError(`no method ${name}`);
  return Reflect.apply(method, target, args);
}
