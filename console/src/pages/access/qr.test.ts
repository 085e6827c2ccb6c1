import jsQR from 'jsqr';
import { describe, expect, it } from 'vitest';
import { qrPath } from './QrCode';

/** Draws the path as a browser would, four pixels to a module. */
function pixels(path: string, size: number, scale = 4) {
  const width = size * scale;
  const image = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let dy = 0; dy < scale; dy += 1) {
      for (let dx = 0; dx < scale; dx += 1) {
        const at = ((Number(y) * scale + dy) * width + Number(x) * scale + dx) * 4;
        image.fill(0, at, at + 3);
      }
    }
  }
  return { image, width };
}

describe('the code of the second factor', () => {
  it('is read back by a reader as the same address', () => {
    const text = 'otpauth://totp/Onhand:olive%40shop.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Onhand&digits=6&period=30';
    const { path, size } = qrPath(text);
    const { image, width } = pixels(path, size);
    expect(jsQR(image, width, width, { inversionAttempts: 'dontInvert' })?.data).toBe(text);
  });
});
