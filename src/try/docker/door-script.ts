// What runs in the door's container: a listener in the cells' network whose connections go on through the container's
// stdin and stdout, one JSON line for each piece. It says `listening` first. A line: `c` the connection, and `d` bytes in
// base64, `e` no more of them, `x` it broke, `w` wait (1) or go on (0): a connection that is not read holds up no other.
// Its stdin ends with the program that opened the door, and so does it.

/** Where the door listens in the cells' network. */
export const doorPort = 8080;

export const doorScript = `
const open = new Map();
const held = new Set();
let next = 0;
const say = (line) => {
  if (process.stdout.write(JSON.stringify(line) + '\\n')) return;
  for (const socket of open.values()) socket.pause();
  if (process.stdout.listenerCount('drain') > 0) return;
  process.stdout.once('drain', () => { for (const [c, socket] of open) if (!held.has(c)) socket.resume(); });
};
require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
  const c = ++next;
  open.set(c, socket);
  socket.on('data', (bytes) => say({ c, d: bytes.toString('base64') }));
  socket.on('drain', () => say({ c, w: 0 }));
  socket.on('end', () => say({ c, e: 1 }));
  socket.on('error', () => undefined);
  socket.on('close', () => { held.delete(c); if (open.delete(c)) say({ c, x: 1 }); });
}).listen(${doorPort}, () => say({ listening: 1 }));
let text = '';
process.stdin.setEncoding('latin1').on('data', (chunk) => {
  text += chunk;
  for (let at; (at = text.indexOf('\\n')) !== -1; text = text.slice(at + 1)) {
    const { c, d, e, x, w } = JSON.parse(text.slice(0, at));
    const socket = open.get(c);
    if (socket === undefined) continue;
    if (d !== undefined && !socket.write(Buffer.from(d, 'base64'))) say({ c, w: 1 });
    if (w === 1) { held.add(c); socket.pause(); }
    if (w === 0) { held.delete(c); socket.resume(); }
    if (e) socket.end();
    if (x) { open.delete(c); held.delete(c); socket.destroy(); }
  }
}).on('end', () => process.exit(0));
`;
