// The hall's audio sources in the words of speech/.

import type { MediaLibrary } from '#accounts/media-library.ts'
import type { AccountId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import { unreachable } from '#base/unreachable.ts'
import type { AudioFailure, Sounds as HallSounds } from '#calls/doors.ts'
import type { AudioSource } from '#calls/model.ts'
import type { PlayerSource } from '#media/protocol.ts'
import { describeSoundError, type Sounds } from '#speech/sounds.ts'
import type { FindOwnRecording } from './own-recordings.ts'

export function hallSounds(sounds: Sounds, library: MediaLibrary, own: FindOwnRecording): HallSounds {
  return {
    async prepare(source: AudioSource, account: AccountId): Promise<Result<PlayerSource, AudioFailure>> {
      const prepared = await prepare(sounds, library, own, source, account)
      if (prepared === null) return err({ status: 'not-found', detail: 'There is no stored media of this name.' })
      if (prepared.ok) return ok(prepared.value)
      const missing =
        prepared.error.type === 'not-found' || (prepared.error.type === 'http-status' && prepared.error.status === 404)
      return err({ status: missing ? 'not-found' : 'failed', detail: describeSoundError(prepared.error) })
    },
  }
}

async function prepare(
  sounds: Sounds,
  library: MediaLibrary,
  own: FindOwnRecording,
  source: AudioSource,
  account: AccountId,
): Promise<Awaited<ReturnType<Sounds['speak']>> | null> {
  switch (source.type) {
    case 'url': {
      const file = await own(source.url, account)
      if (file !== null) return sounds.fromFile(file, source.url)
      return sounds.fromUrl(source.url, account, source.cache)
    }
    case 'bytes':
      return sounds.fromBytes(source.bytes, account)
    case 'speech':
      return sounds.speak(source)
    case 'media': {
      const file = library.find(account, source.name)
      // A replaced file has another id, and so is prepared anew.
      return file === null ? null : sounds.fromFile(file.path, file.id)
    }
    case 'tone':
    case 'ringing':
    case 'silence':
    case 'hold-music':
      throw new Error(`${source.type} needs no preparing`)
    default:
      return unreachable(source)
  }
}
