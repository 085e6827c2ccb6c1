import { expect, test, vi } from 'vitest';
import { ProblemError } from './problem';
import { answerProof, askForProof, isProofAsked, subscribeToProof, withProof } from './proof';

const needed = () =>
  new ProblemError({ type: '/problems/proof_needed', title: 'Show again who you are', status: 403, detail: '', code: 'proof_needed', retryable: false });

test('all who wait get one answer', async () => {
  const heard = vi.fn();
  const stop = subscribeToProof(heard);
  const both = Promise.all([askForProof(), askForProof()]);
  expect(isProofAsked()).toBe(true);
  answerProof(true);
  expect(await both).toEqual([true, true]);
  expect(isProofAsked()).toBe(false);
  expect(heard).toHaveBeenCalledTimes(3);
  stop();
});

test('what was refused for want of a proof is sent again, once, after it', async () => {
  const send = vi.fn().mockRejectedValueOnce(needed()).mockResolvedValueOnce('made');
  const sent = withProof(send);
  await vi.waitFor(() => expect(isProofAsked()).toBe(true));
  answerProof(true);
  expect(await sent).toBe('made');
  expect(send).toHaveBeenCalledTimes(2);
});

test('who does not want to show it is told what was refused', async () => {
  const send = vi.fn().mockRejectedValue(needed());
  const sent = withProof(send);
  await vi.waitFor(() => expect(isProofAsked()).toBe(true));
  answerProof(false);
  await expect(sent).rejects.toThrow('Show again who you are');
  expect(send).toHaveBeenCalledTimes(1);
});

test('other problems ask nobody', async () => {
  const send = vi.fn().mockRejectedValue(new ProblemError({ ...needed().problem, code: 'missing_scope' }));
  await expect(withProof(send)).rejects.toThrow();
  expect(isProofAsked()).toBe(false);
});
