// Recognisers of our own that name the tones they hear: one of streams in Deepgram's words, over pretended WebSockets, and
// one of files in OpenAI's, over a real web server on loopback.

import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { levelDbov, toneLevelDbov } from '#audio/goertzel.ts'
import { decodeWav } from '#audio/wav.ts'
import type { DeclaredRecogniser } from '#base/recogniser.ts'
import type { ServedSocket } from '#testkit/web-socket.ts'

const TONES = [400, 700, 1000, 1300] as const

export const STREAM_URL = 'ws://listen.test/v1/listen'

export const streamRecogniser: DeclaredRecogniser = {
  name: 'live',
  access: { kind: 'stream', url: STREAM_URL, key: 'sesame', model: null },
  engines: ['*'],
  languages: [],
}

/** The tones in it, as words. */
export function toneWords(samples: Int16Array, rateHz: number): string {
  return TONES.filter((hz) => toneLevelDbov(samples, hz, rateHz) > -35)
    .map((hz) => `tone ${hz}`)
    .join(' and ')
}

/** An unfinished result every 200 ms of sound, a final one after 300 ms without. */
export function serveTones(socket: ServedSocket): void {
  const rateHz = Number(new URL(socket.request.url).searchParams.get('sample_rate'))
  let spoken: number[] = []
  let quietMs = 0
  let told = 0
  const tell = (is_final: boolean): void => {
    const alternatives = [{ transcript: toneWords(Int16Array.from(spoken), rateHz), confidence: 0.9 }]
    socket.send({ type: 'Results', is_final, speech_final: is_final, channel: { alternatives } })
  }
  const end = (): void => {
    if (spoken.length > rateHz / 10) tell(true)
    spoken = []
    told = 0
  }
  socket.onBinary = (bytes) => {
    const samples = new Int16Array(bytes.length / 2)
    for (let i = 0; i < samples.length; i++) samples[i] = Buffer.from(bytes).readInt16LE(i * 2)
    if (levelDbov(samples) < -45) {
      quietMs += (samples.length * 1000) / rateHz
      if (quietMs >= 300 && spoken.length > 0) end()
      return
    }
    quietMs = 0
    spoken.push(...samples)
    if (spoken.length - told >= rateHz / 5) {
      told = spoken.length
      tell(false)
    }
  }
  socket.onText = (text) => {
    if ((JSON.parse(text) as { type: string }).type !== 'CloseStream') return
    end()
    socket.close(1000)
  }
}

/** A WAV as multipart in, `{"text": …}` out. */
export async function openToneServer(): Promise<{ readonly server: Server; readonly declared: DeclaredRecogniser }> {
  const server = createServer((request, reply) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const body = Buffer.concat(pieces)
      const boundary = /boundary=(.+)$/.exec(String(request.headers['content-type']))![1]!
      const from = body.indexOf('\r\n\r\n', body.indexOf('; filename="')) + 4
      const wav = decodeWav(body.subarray(from, body.lastIndexOf(`\r\n--${boundary}--`)))
      assert.ok(wav.ok)
      reply.setHeader('content-type', 'application/json')
      reply.end(JSON.stringify({ text: toneWords(wav.value.channels[0]!, wav.value.sampleRateHz) }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const access = { kind: 'file', url, key: 'open', model: 'tones-1' } as const
  return { server, declared: { name: 'files', access, engines: ['*'], languages: [] } }
}
