import { expect, it } from 'vitest';
import { until } from '../cluster/run.mjs';
import { lineOf, linesOf, nothingLeft, place, podOf, randomId, told } from './cells.ts';
import { describeCluster } from './support.ts';

// Cells as pods of a real cluster, seen through the seam that the gate uses.

const long = 120_000;

describeCluster('a cell in a pod', (get) => {
  it(
    'is ready for its order when it has started, hears lines and answers, and is gone with its process when it is removed',
    async () => {
      const { cluster, kube } = get();
      const { namespace, cells: open } = await place(get());
      const cells = open();
      const cell = await cells.start(randomId());
      expect(cells.ready()).toBeNull();
      expect([cells.name, cells.survives, cells.promises]).toEqual(['kubernetes', true, []]);
      const lines = linesOf(cell);
      cell.send({ echo: { text: 'ä ö\n' } });
      expect(await lineOf(lines)).toBe('{"text":"ä ö\\n"}');
      expect(await cells.list()).toEqual([{ id: cell.id, running: true }]);

      const { uid } = (await kube.get(podOf(cell.id, namespace))).metadata;
      expect(cluster.processes(uid).length).toBeGreaterThan(0);
      await Promise.all([cell.remove(), cell.remove()]);
      // At this very moment, not soon: whoever removes a cell may start another one in its place.
      expect(cluster.processes(uid)).toEqual([]);
      await cell.remove();
      expect(await lines.next()).toMatchObject({ done: true });
      expect(await cell.ended).toEqual({ exitCode: null, reason: 'it was removed' });
      expect(await cells.list()).toEqual([]);
      cell.send({ echo: 1 });
    },
    long,
  );

  it(
    'is heard at full speed: 100,000 lines, none missing and none twice',
    async () => {
      const { cells } = await place(get());
      const cell = await cells().start(randomId());
      cell.send({ lines: 100_000, width: 80 });
      const lines = linesOf(cell);
      let [count, wrong] = [0, 0];
      while (count < 100_000) {
        count++;
        if ((await lineOf(lines)) !== String(count).padStart(80, '.')) wrong++;
      }
      expect(wrong).toBe(0);
      cell.send({ echo: 'still there' });
      expect(await lineOf(lines)).toBe('"still there"');
      await cell.remove();
    },
    long,
  );

  it(
    'gets a line of a megabyte whole',
    async () => {
      const { cells } = await place(get());
      const cell = await cells().start(randomId());
      const lines = linesOf(cell);
      cell.send({ ignored: 'é'.repeat(500_000), echo: 'all of it' });
      expect(await lineOf(lines)).toBe('"all of it"');
      await cell.remove();
    },
    long,
  );

  it(
    'is silent for as long as it likes; the API server answers for it',
    async () => {
      const { cells } = await place(get());
      const cell = await cells({ timing: { pulse: 1_000 } }).start(randomId());
      const ended = await Promise.race([cell.ended, new Promise((done) => setTimeout(done, 4_500, 'alive'))]);
      expect(ended).toBe('alive');
      cell.send({ echo: 1 });
      expect(await lineOf(linesOf(cell))).toBe('1');
      await cell.remove();
    },
    long,
  );

  it(
    'goes on with the next gate, which attaches to it and to nothing else',
    async () => {
      const { kube } = get();
      const { namespace, cells: open, template } = await place(get());
      const [first, second] = [open(), open()];
      const cell = await first.start(randomId());
      const lines = linesOf(cell);
      cell.send({ echo: 1 });
      expect(await lineOf(lines)).toBe('1');
      first.close();

      const adopted = await second.adopt(cell.id);
      adopted.send({ echo: 'resumed' });
      expect(await lineOf(linesOf(adopted))).toBe('"resumed"');

      expect(await told(second.adopt(randomId()))).toMatchObject({
        code: 'cell-lost',
        author: expect.stringMatching(/^the cell [0-9a-f]{32} cannot be found again: it is gone$/),
      });
      expect(await told(second.adopt('../../x'))).toMatchObject({ code: 'cell-lost' });
      const other = structuredClone(template);
      const id = randomId();
      other.template.metadata.labels['app.kubernetes.io/instance'] = 'another';
      await kube.create({
        ...podOf(id, namespace),
        metadata: { name: `cell-${id}`, namespace, labels: other.template.metadata.labels },
        spec: other.template.spec,
      });
      expect(await told(second.adopt(id))).toMatchObject({
        code: 'cell-lost',
        author: `the cell ${id} cannot be found again: a pod of its name belongs to something else`,
      });
      expect((await second.list()).map((one) => one.id)).toEqual([cell.id]);
      await adopted.remove();
    },
    long,
  );

  it(
    'is found and adopted also when no new one could be started',
    async () => {
      const { kube } = get();
      const { namespace, cells: open, template } = await place(get());
      const cell = await open().start(randomId());
      await kube.patch(
        { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'cells', namespace } },
        {
          template: { spec: { enableServiceLinks: true } },
        },
      );
      const later = open();
      expect(await later.check()).toBe("the cells' PodTemplate does not seal: it has to say enableServiceLinks: false");
      expect(await later.list()).toEqual([{ id: cell.id, running: true }]);
      const adopted = await later.adopt(cell.id);
      adopted.send({ echo: 1 });
      expect(await lineOf(linesOf(adopted))).toBe('1');
      await adopted.remove();
      expect(template.template.spec.enableServiceLinks).toBe(false);
    },
    long,
  );

  it(
    'says how it ended',
    async () => {
      const { kube } = get();
      const { namespace, cells: open } = await place(get());
      const cells = open();
      const endings: readonly (readonly [
        does: (cell: Awaited<ReturnType<typeof cells.start>>) => void | Promise<unknown>,
        exitCode: number | null,
        reason: RegExp,
      ])[] = [
        [(cell) => cell.send({ exit: 0 }), 0, /^it ended with exit code 0$/],
        [(cell) => cell.send({ exit: 42 }), 42, /^it ended with exit code 42$/],
        [(cell) => cell.send({ eat: 400 }), 137, /^it was ended because it needed more memory than a cell may use$/],
        [
          ({ id }) =>
            kube.ask('POST', `/api/v1/namespaces/${namespace}/pods/cell-${id}/eviction`, {
              body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: `cell-${id}`, namespace } },
            }),
          // Whether its last state is still seen depends on who is faster.
          null,
          /^it was evicted, as it is when its node is drained$/,
        ],
        [
          ({ id }) => kube.remove(podOf(id, namespace), { grace: 1 }),
          null,
          /^it was (?:removed|told to end \(exit code 143\))$/,
        ],
      ];
      const told = await Promise.all(
        endings.map(async ([does]) => {
          const cell = await cells.start(randomId());
          await does(cell);
          const lines = linesOf(cell);
          while ((await lines.next()).done !== true);
          const end = await cell.ended;
          await cell.remove();
          return end;
        }),
      );
      for (const [at, [, exitCode, reason]] of endings.entries()) {
        expect(told[at]?.reason).toMatch(reason);
        if (exitCode !== null) expect(told[at]?.exitCode).toBe(exitCode);
      }
      await nothingLeft(get(), namespace);
    },
    long,
  );

  it(
    'that runs longer than its template allows says so',
    async () => {
      const { cells } = await place(get(), {
        change: (spec) => {
          spec.activeDeadlineSeconds = 3;
        },
      });
      const cell = await cells({ deadline: 3 }).start(randomId());
      const lines = linesOf(cell);
      expect(await lines.next()).toMatchObject({ done: true });
      expect((await cell.ended).reason).toBe(
        'it ran longer than the activeDeadlineSeconds of its PodTemplate allow; the chart has to allow more than the policy needs',
      );
      await cell.remove();
    },
    long,
  );

  it(
    'that ended before anybody came is adopted as one that has ended',
    async () => {
      const { kube } = get();
      const { namespace, cells: open } = await place(get());
      const cell = await open().start(randomId());
      cell.send({ exit: 7 });
      await kube.until(podOf(cell.id, namespace), 'has failed', (pod) => pod.status.phase === 'Failed', long);
      const next = open();
      expect(await next.list()).toEqual([{ id: cell.id, running: false }]);
      const adopted = await next.adopt(cell.id);
      expect(await adopted.ended).toEqual({ exitCode: 7, reason: 'it ended with exit code 7' });
      expect(await linesOf(adopted).next()).toMatchObject({ done: true });
      await adopted.remove();
      expect(await next.list()).toEqual([]);
    },
    long,
  );

  it(
    'is started from a template that was changed a moment ago',
    async () => {
      const { kube } = get();
      const { namespace, cells: open } = await place(get());
      const cells = open({ timing: { recheck: 600_000 } });
      await cells.check();
      const at = { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'cells', namespace } };
      await kube.patch(at, { template: { metadata: { labels: { 'app.kubernetes.io/version': '2' } } } });
      await until('the new template is used', async () => {
        await cells.check();
        const cell = await cells.start(randomId());
        const pod = await kube.get(podOf(cell.id, namespace));
        await cell.remove();
        return pod.metadata.labels['app.kubernetes.io/version'] === '2';
      });
    },
    long,
  );
});
