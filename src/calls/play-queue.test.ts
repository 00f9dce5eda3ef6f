import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlaybackId } from '#base/ids.ts'
import type { Playback } from './model.ts'
import { type Effect, emptyQueue, type Input, queueStep } from './play-queue.ts'

function sound(id: string, overlay = false): Playback {
  return { id: id as PlaybackId, kind: 'audio', source: { type: 'hold-music' }, times: 1, overlay, announced: true }
}

function enqueue(id: string, preempt: 'nothing' | 'current' | 'all' = 'nothing', overlay = false): Input {
  return { type: 'enqueue', playback: sound(id, overlay), listeners: 'self', preempt }
}

function prepared(id: string): Input {
  return { type: 'prepared', playback: id as PlaybackId, source: { type: 'hold-music' } }
}

function ended(id: string): Input {
  return { type: 'ended', playback: id as PlaybackId, status: 'completed', detail: null }
}

/** Effects as short words: `play a`, `halt a`, `ended a cancelled`. */
function story(...inputs: Input[]): string[] {
  let state = emptyQueue
  const words: string[] = []
  for (const input of inputs) {
    const next = queueStep(state, input)
    state = next.state
    for (const effect of next.effects) if (effect.type !== 'prepare') words.push(word(effect))
  }
  return words
}

function word(effect: Effect): string {
  switch (effect.type) {
    case 'tell-started':
      return `started ${effect.playback.id}`
    case 'tell-ended':
      return `ended ${effect.playback.id} ${effect.status}`
    default:
      return `${effect.type} ${effect.playback.id}`
  }
}

test('sounds play in the order they were asked for, whatever is prepared first', () => {
  assert.deepEqual(story(enqueue('a'), enqueue('b'), prepared('b'), prepared('a'), ended('a')), [
    'play a',
    'ended a completed',
    'play b',
  ])
})

test('a sound that cannot be prepared is told and the next one plays', () => {
  assert.deepEqual(
    story(enqueue('a'), enqueue('b'), prepared('b'), {
      type: 'unprepared',
      playback: 'a' as PlaybackId,
      status: 'not-found',
      detail: 'no such file',
    }),
    ['ended a not-found', 'play b'],
  )
})

test('preempting the current one skips it and keeps the rest behind the new one', () => {
  assert.deepEqual(
    story(enqueue('a'), prepared('a'), enqueue('b'), prepared('b'), enqueue('c', 'current'), prepared('c'), ended('c')),
    ['play a', 'halt a', 'ended a cancelled', 'play b', 'ended c completed'].toSpliced(
      3,
      2,
      'play c',
      'ended c completed',
      'play b',
    ),
  )
})

test('preempting all drops the queue', () => {
  assert.deepEqual(story(enqueue('a'), prepared('a'), enqueue('b'), enqueue('c', 'all'), prepared('c')), [
    'play a',
    'halt a',
    'ended a cancelled',
    'ended b cancelled',
    'play c',
  ])
})

test('an overlay plays beside the main queue and is stopped on its own', () => {
  assert.deepEqual(
    story(
      enqueue('a'),
      prepared('a'),
      enqueue('o', 'nothing', true),
      prepared('o'),
      { type: 'stop', which: 'all', overlay: true, status: 'cancelled' },
      ended('a'),
    ),
    ['play a', 'play o', 'halt o', 'ended o cancelled', 'ended a completed'],
  )
})

test('hold music waits for the queue to be empty, gives way, and comes back', () => {
  assert.deepEqual(
    story(
      enqueue('speech'),
      prepared('speech'),
      { type: 'set-background', playback: sound('music') },
      prepared('music'),
      ended('speech'),
      enqueue('news'),
      prepared('news'),
      ended('news'),
    ),
    [
      'play speech',
      'ended speech completed',
      'play music',
      'halt music',
      'play news',
      'ended news completed',
      'play music',
    ],
  )
})

test('the end of the call ends everything once', () => {
  assert.deepEqual(story(enqueue('a'), prepared('a'), enqueue('b'), { type: 'call-ended' }, ended('a')), [
    'play a',
    'halt a',
    'ended a call-ended',
    'ended b call-ended',
  ])
})

test('late words about a sound that is gone change nothing', () => {
  assert.deepEqual(story(ended('x'), prepared('x'), { type: 'started', playback: 'x' as PlaybackId }), [])
})
