import { createRequire } from 'node:module';

/** Path of a Node binary of the version Lambda runs the functions with: the running one, or that of the npm package. */
export function nodeBinary(): string {
  const [major = '0'] = process.versions.node.split('.');
  return Number(major) >= 24 ? process.execPath : createRequire(import.meta.url).resolve('node/bin/node');
}
