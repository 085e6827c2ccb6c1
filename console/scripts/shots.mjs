// Screenshots of pages in both themes at 1440 and 360 px, with every error of the page: `npm run shots -- / /stock`.
// The console must run at ONHAND_CONSOLE (default: the development server).

import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const base = process.env.ONHAND_CONSOLE ?? 'http://127.0.0.1:5173';
const only = process.env.ONLY; // e.g. light-1440
const wait = Number(process.env.WAIT_MS ?? 2_500);
const paths = process.argv.slice(2);
const out = new URL('../shots/', import.meta.url).pathname;
mkdirSync(out, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let errors = 0;
for (const theme of ['light', 'dark']) {
  for (const [width, height] of [[1440, 900], [360, 740]]) {
    if (only && only !== `${theme}-${width}`) continue;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, locale: process.env.LOCALE ?? 'en-GB' });
    for (const path of paths.length > 0 ? paths : ['/']) {
      const page = await context.newPage();
      page.on('console', (message) => {
        if (message.type() !== 'error') return;
        errors += 1;
        console.log(`${path} ${theme}-${width}: ${message.text()}`);
      });
      page.on('pageerror', (error) => {
        errors += 1;
        console.log(`${path} ${theme}-${width}: ${error.message}`);
      });
      await page.goto(base + path, { waitUntil: 'load' });
      await page.waitForTimeout(wait);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) console.log(`${path} ${theme}-${width}: ${wide} px wider than the window`);
      const name = `${path.replace(/[^\w]+/g, '_').replace(/^_|_$/g, '') || 'overview'}-${theme}-${width}.png`;
      await page.screenshot({ path: out + name });
      console.log(`shots/${name}`);
      await page.close();
    }
    await context.close();
  }
}
await browser.close();
process.exitCode = errors > 0 ? 1 : 0;
