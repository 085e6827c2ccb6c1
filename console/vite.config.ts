import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// A server to develop against; its key is added on the way, so that no secret is ever in the page.
const server = process.env.ONHAND_URL ?? 'http://127.0.0.1:8080';
const key = process.env.ONHAND_API_KEY;
const proxy = Object.fromEntries(
  ['/v1', '/readyz', '/healthz', '/problems', '/openapi.json', '/docs', '/connect', '/metrics'].map((path) => [
    path,
    { target: server, changeOrigin: true, ws: path === '/v1', headers: key ? { authorization: `Bearer ${key}` } : {} },
  ]),
);

// What the real server sends. `vite preview` sends it too, so that a violation is seen before it is released.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // a data: URI would need a hole in the policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    manifest: true,
  },
  server: { port: 5173, strictPort: true, proxy },
  preview: { port: 4173, strictPort: true, proxy, headers: { 'content-security-policy': policy } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
