import type { ClientRequest, IncomingMessage } from 'node:http';

/** Sends a request and waits for the head of its answer. @throws the system's error, or one in words */
export const answerTo = (request: ClientRequest, body?: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request
      .on('response', resolve)
      .on('error', reject)
      // All that Node tells of an answer of 101. A promise that nothing settles would end the process without a word.
      .on('close', () => reject(new Error('the connection ended without an answer')))
      .end(body);
  });
