import { expect, it } from 'vitest';
import { browserOf } from './browser';

it('is named as people know it, not by everything that it claims to be', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36';
  expect(browserOf(chrome)).toBe('Chrome · Linux');
  expect(browserOf(`${chrome} Edg/148.0`)).toBe('Edge · Linux');
  expect(browserOf('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile/15E148 Safari/604.1')).toBe('Safari · iOS');
  expect(browserOf('Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/148.0 Mobile Safari/537.36')).toBe('Chrome · Android');
  expect(browserOf('curl/8.9')).toBe('curl/8.9');
});
