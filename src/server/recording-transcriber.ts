// Finished recordings to text, by the recognisers of files that the configuration declares.

import type { DeclaredRecogniser, Recognisers } from '#base/recogniser.ts'
import { err } from '#base/result.ts'
import type { Transcriber } from '#calls/doors.ts'
import { MAX_RECOGNISED_FILE_OCTETS } from '#speech/limits.ts'
import type { DiskShelf } from './recording-shelf.ts'

export function recordingTranscriber(
  declared: readonly DeclaredRecogniser[],
  recognisers: Recognisers,
  shelf: DiskShelf,
): Transcriber {
  return {
    async transcribe(recording) {
      const wanted = recording.options.transcription
      const found = declared.find(({ name }) => name === wanted?.recogniser)
      if (wanted == null || found === undefined)
        return err('the configuration does not declare its recogniser any more')
      const file = await shelf.read(recording.path)
      if (file === null) return err('the file is gone')
      if (file.octets > MAX_RECOGNISED_FILE_OCTETS) return err('the file is too large')
      const pieces: Uint8Array[] = []
      for await (const piece of file.stream) pieces.push(piece)
      const wish = { access: found.access, language: wanted.language, model: null, hints: [], interim: false }
      return recognisers.transcribe(wish, Buffer.concat(pieces), `recording.${recording.options.format}`)
    },
  }
}
