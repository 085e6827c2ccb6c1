// Jobs a second that BullMQ enqueues, claims, runs and completes: the baseline of the part `queue`.
//
//   node bench.mjs PORT SECONDS WARM_UP CONCURRENCY BATCH AHEAD
//
// Jobs do nothing and are removed when they are done, which is the least that it can be asked to do. Prints one line of
// JSON. Ends with an error if a job is lost or fails.

import { setTimeout as sleep } from "node:timers/promises";
import { Queue, Worker } from "bullmq";

const [port, seconds, warmUp, concurrency, batch, ahead] = process.argv.slice(2).map(Number);
const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
const queue = new Queue("bench", { connection });
await queue.waitUntilReady();

let asked = 0;
let done = 0;
let over = false;
const worker = new Worker("bench", async () => {}, { connection, concurrency, removeOnComplete: { count: 0 } });
worker.on("completed", () => {
  done += 1;
});
const broken = (error) => {
  console.error(error);
  process.exit(1);
};
worker.on("failed", (_job, error) => broken(error));
worker.on("error", broken);
await worker.waitUntilReady();

const jobs = Array.from({ length: batch }, () => ({ name: "nothing", data: { note: "" } }));
async function produce() {
  while (!over) {
    if (asked >= done + ahead) {
      await sleep(1);
      continue;
    }
    asked += batch;
    await queue.addBulk(jobs);
  }
}
const producers = Array.from({ length: 4 }, produce);

await sleep(warmUp * 1000);
const [before, started] = [done, performance.now()];
await sleep(seconds * 1000);
const rate = (done - before) / ((performance.now() - started) / 1000);
over = true;
await Promise.all(producers);
for (let waited = 0; done < asked; waited += 1) {
  if (waited > 600) broken(new Error(`${asked - done} of ${asked} jobs were never completed`));
  await sleep(100);
}
console.log(JSON.stringify({ rate, jobs: asked, node: process.version }));
await worker.close();
await queue.close();
