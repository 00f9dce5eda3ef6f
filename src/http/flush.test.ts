// What holds webhooks back until a command's reply is on the wire, over a real socket: `onReplied` must come after the
// reply was handed to the network, and also when the client went away.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { ok } from '#base/result.ts'
import { createHttp, mount } from './mount.ts'
import { route } from './route.ts'

test('seed-apps §2 row 5: onReplied comes once, after the reply was flushed or the client was lost', async () => {
  const told: string[] = []
  let letGo: () => void = () => {}
  const app = createHttp({ log: silentLog })
  mount(
    app,
    {
      prefix: '/v2',
      routes: [
        route({
          method: 'POST',
          path: '/quick',
          summary: 'Answers',
          handler: async (request) => {
            request.onReplied(() => told.push('quick'))
            told.push('handled')
            return { status: 200, json: {} }
          },
        }),
        route({
          method: 'POST',
          path: '/slow',
          summary: 'Answers when told',
          handler: async (request) => {
            request.onReplied(() => told.push('slow'))
            await new Promise<void>((resolve) => {
              letGo = resolve
            })
            return { status: 200, json: {} }
          },
        }),
      ],
      authenticate: async () => ok('someone'),
      invalid: () => ({ status: 422 }),
      unreadable: () => ({ status: 400 }),
      notFound: () => ({ status: 404 }),
      tooLarge: () => ({ status: 413 }),
      crashed: () => ({ status: 500 }),
    },
    silentLog,
  )
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const reply = await fetch(`${base}/v2/quick`, { method: 'POST' })
  assert.equal(reply.status, 200)
  await reply.text()
  assert.deepEqual(told, ['handled', 'quick'])

  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  socket.write('POST /v2/slow HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
  const until = async (condition: () => boolean): Promise<void> => {
    for (let i = 0; i < 2_000 && !condition(); i++) await new Promise((resolve) => setImmediate(resolve))
  }

  const wait = letGo
  await until(() => letGo !== wait)
  assert.notEqual(letGo, wait)
  socket.destroy()
  await until(() => told.length > 2)
  letGo()
  await until(() => false)
  assert.deepEqual(told, ['handled', 'quick', 'slow'])
  await app.close()
})
