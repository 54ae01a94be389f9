import { describe } from 'vitest';
import { memoryLedger } from '../../src/gate/ledger/memory.ts';
import { ledgerContract } from './support/contract.ts';
import { hold, newFolder } from './support/open.ts';

describe('the ledger in memory', () => {
  ledgerContract(async () => ({ ledger: memoryLedger(() => 1_700_000_000_000), epoch: 1 }));
});

describe('the ledger in files', () => {
  ledgerContract(() => hold(newFolder({ onDisk: true })));
});
