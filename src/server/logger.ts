import { type DestinationStream, destination, type Logger as Pino, pino } from 'pino';
import type { Logger } from '../ports/logger.ts';

const SECRET_NAMES = [
  'authorization',
  'password',
  'secret',
  'token',
  'apiKey',
  'api_key',
  'clientSecret',
  'client_secret',
  'privateKey',
  'private_key',
  'accessToken',
  'access_token',
  'key',
  'cookie',
  'dpop',
];

/** Structured logs, one JSON object a line, on standard error; anything under a secret's name is blanked. */
export function createLogger(options: {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Default standard error, so that standard output stays for data. */
  readonly stream?: DestinationStream;
}): Logger {
  const paths = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `headers["${name}"]`]);
  return wrap(
    pino(
      {
        level: options.level,
        base: undefined,
        redact: { paths: [...paths, 'headers["x-api-key"]', '*["x-api-key"]'], censor: '[redacted]' },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      options.stream ?? destination({ dest: 2, sync: true }),
    ),
  );
}

function wrap(log: Pino): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    child: (fields) => wrap(log.child(fields)),
  };
}
