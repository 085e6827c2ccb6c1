import { describe, expect, it } from 'vitest';
import { en } from '~/i18n/en';
import text from '../../../../docs/openapi.json?raw';

/** They change nothing that the audit log would hold. */
const SILENT = ['POST /v1/ping', 'POST /v1/shops/{shop}/preview'];

describe('the audit log', () => {
  const description = JSON.parse(text) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const changes = Object.entries(description.paths)
    .filter(([path]) => path.startsWith('/v1/'))
    .flatMap(([path, methods]) => ['post', 'put', 'patch', 'delete'].filter((method) => method in methods).map((method) => `${method.toUpperCase()} ${path}`))
    .filter((action) => !SILENT.includes(action));
  const words = Object.keys(en).filter((key) => key.startsWith('audit.do.')).map((key) => key.slice('audit.do.'.length));

  it('has words for every request that changes something', () => {
    expect(changes.length).toBeGreaterThan(50);
    expect(changes.filter((action) => !words.includes(action))).toEqual([]);
  });

  it('has words for no request that there is not', () => {
    expect(words.filter((action) => !changes.includes(action))).toEqual([]);
  });
});
