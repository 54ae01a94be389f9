// Sessions as ConfigMaps. A session is no right (every call is checked against the runner identity), so a closed one is
// simply removed.

import { type SessionRecord, type SessionRecords, parseSessionRecord } from '../session-record.ts';
import type { ConfigMaps, Kept } from './config-maps.ts';
import type { Turn } from './turn.ts';

const kind = 'session';

function read(kept: Kept): SessionRecord | null {
  try {
    const record = kept.text === null ? null : parseSessionRecord(JSON.parse(kept.text));
    return record?.session === kept.name ? record : null;
  } catch {
    return null;
  }
}

/** All rejections are KubernetesErrors. */
export function createSessionRecords(
  maps: ConfigMaps,
  turn: () => Turn | null,
  warn: (message: string) => void,
): SessionRecords {
  return {
    async putSession(record) {
      if (record.epoch !== turn()?.epoch) return false;
      const { session: name, rev } = record;
      const text = JSON.stringify(record);
      if (rev === 1) return (await maps.create(kind, name, text)) !== null && turn()?.epoch === record.epoch;
      const before = await maps.get(kind, name);
      if (before === null || read(before)?.rev !== rev - 1) return false;
      return (await maps.replace(kind, before, text)) !== null && turn()?.epoch === record.epoch;
    },
    async closeSession(session) {
      if (turn() !== null) await maps.remove(kind, session);
    },
    async sessions() {
      const found: SessionRecord[] = [];
      for (const kept of await maps.list(kind)) {
        const record = read(kept);
        if (record === null) warn(`a session is lost with its record: ${kept.name} cannot be read`);
        else found.push(record);
      }
      return found;
    },
  };
}
