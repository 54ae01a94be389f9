// Names, addresses and files of one cluster. Each cluster takes a place: a number that no other one on this machine
// has, from which all its addresses follow, so that any number of clusters stand side by side.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

/** Places in one network of 65,536 addresses; see `layoutOf`. */
export const places = 64;

export const nodeName = 'node1';

/**
 * @typedef {object} Layout
 * @property {string} folder
 * @property {number} place
 * @property {string} link  of the machine to the node; the node's end has an n behind it
 * @property {string} hostAddress  the machine's, as the node sees it
 * @property {string} nodeAddress
 * @property {string} nodeRange
 * @property {string} podRange
 * @property {string} serviceRange
 * @property {string} serviceAddress  of the service `kubernetes`
 * @property {string} server  the API server's URL
 * @property {string} group   control group of all pods; no later cluster has the same one
 * @property {string} runtime  socket of containerd
 */

/**
 * @param {string} folder
 * @param {number} place
 * @param {string} network  its first two numbers
 * @returns {Layout}
 */
export function layoutOf(folder, place, network) {
  const nodeAddress = `${network}.${place}.2`;
  return {
    folder,
    place,
    link: `airlock${place}`,
    hostAddress: `${network}.${place}.1`,
    nodeAddress,
    nodeRange: `${network}.${place}.0/24`,
    podRange: `${network}.${64 + place}.0/24`,
    serviceRange: `${network}.${128 + place}.0/24`,
    serviceAddress: `${network}.${128 + place}.1`,
    server: `https://${nodeAddress}:6443`,
    group: `airlock-cluster-${randomBytes(6).toString('hex')}`,
    runtime: join(folder, 'containerd.sock'),
  };
}
