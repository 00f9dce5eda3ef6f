// Programs that answer calls with documents. Their documents are written in the other language, whose interpreter runs them;
// this API keeps them, and numbers may lead to them.

import type { Application } from '#accounts/model.ts'

/** The language of the documents, as accounts/ names it. */
export const DOCUMENT_LANGUAGE = 'twilio'
export const TEXML_ROLE = 'texml'

export function isTexml(application: Application | null): application is Application {
  return application?.dialect === DOCUMENT_LANGUAGE && application.extra.role === TEXML_ROLE
}
