// Networks that calls come from, and the SIP domains they are mapped to (V1-03). They are kept: what a domain lets in is
// said by the lists mapped to it (SM-01).

import { isIPv4 } from 'node:net'
import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import { err } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { type Collection, change, collectionRoutes, creation } from '../collection.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { errors } from '../errors.ts'
import { coded, text, whole } from '../fields.ts'
import { MAX_KEPT_CHARACTERS, MAX_LIST_NAME_CHARACTERS } from '../limits.ts'
import { metaListReply } from '../paging.ts'
import { readSid, sid } from '../spelling.ts'
import { madeOf } from '../stored.ts'
import { byAge, v1Common } from '../v1.ts'

type Record = Entry<'ip-record'>
type Mapping = Entry<'source-mapping'>

const named = text(MAX_LIST_NAME_CHARACTERS)
const address = text(15).refine((one) => isIPv4(one), { message: coded(20001, 'IpAddress is not an IPv4 address.') })
const reference = text(MAX_KEPT_CHARACTERS, 1)

export function ipRecordRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { book } = doors.register

  const records: Collection<Record> = {
    path: '/IpRecords',
    param: 'sid',
    key: 'ip_records',
    noun: 'IP record',
    all: ({ actor }) => book.list(actor.account, 'ip-record'),
    find: ({ actor }, name) => book.get(actor.account, 'ip-record', readSid('ipRecord', name) ?? ''),
    show: (one) => ({
      ...v1Common(doors, one, 'ipRecord', 'IpRecords'),
      friendly_name: one.fields.name,
      ip_address: one.fields.address,
      cidr_prefix_length: one.fields.bits,
    }),
    keyOf: byAge,
    create: creation(
      z.object({ IpAddress: address, FriendlyName: named.optional(), CidrPrefixLength: whole(0, 32).optional() }),
      async (form, { actor }) => {
        const { FriendlyName: name = null, IpAddress: host, CidrPrefixLength: bits = 32 } = form
        return madeOf(await book.add(actor.account, 'ip-record', { name, address: host, bits }), 'The IP record')
      },
    ),
    change: change(z.object({ FriendlyName: named.optional() }), async (form, one) =>
      madeOf(await book.change(one, { ...one.fields, name: form.FriendlyName ?? one.fields.name }), 'The IP record'),
    ),
    remove: async (one) => {
      const gone = await book.remove(one)
      for (const mapping of book.list(one.account, 'source-mapping'))
        if (gone.ok && mapping.fields.record === one.id) await book.remove(mapping)
      return madeOf(gone, 'The IP record')
    },
  }

  const domainOf = (actor: TwilioActor, name: string) =>
    book.get(actor.account, 'sip-domain', readSid('sipDomain', name) ?? '')

  const mappings: Collection<Mapping> = {
    path: '/SourceIpMappings',
    param: 'sid',
    key: 'source_ip_mappings',
    noun: 'source IP mapping',
    all: ({ actor }) => book.list(actor.account, 'source-mapping'),
    find: ({ actor }, name) => book.get(actor.account, 'source-mapping', readSid('sourceMapping', name) ?? ''),
    show: (one) => ({
      ...v1Common(doors, one, 'sourceMapping', 'SourceIpMappings'),
      ip_record_sid: sid('ipRecord', one.fields.record),
      sip_domain_sid: sid('sipDomain', one.fields.domain),
    }),
    keyOf: byAge,
    create: creation(z.object({ IpRecordSid: reference, SipDomainSid: reference }), async (form, { actor }) => {
      const record = book.get(actor.account, 'ip-record', readSid('ipRecord', form.IpRecordSid) ?? '')
      if (record === null) return err(errors.invalid(`IpRecordSid ${form.IpRecordSid} was not found.`))
      const domain = domainOf(actor, form.SipDomainSid)
      if (domain === null) return err(errors.invalid(`SipDomainSid ${form.SipDomainSid} was not found.`))
      // A network has one domain: which of two would its calls be for?
      if (book.list(actor.account, 'source-mapping').some((one) => one.fields.record === record.id))
        return err(errors.invalid(`IpRecordSid ${form.IpRecordSid} is mapped to a domain already.`))
      const fields = { record: record.id, domain: domain.id }
      return madeOf(await book.add(actor.account, 'source-mapping', fields), 'The mapping')
    }),
    change: change(z.object({ SipDomainSid: reference }), async (form, one, { actor }) => {
      const domain = domainOf(actor, form.SipDomainSid)
      if (domain === null) return err(errors.invalid(`SipDomainSid ${form.SipDomainSid} was not found.`))
      return madeOf(await book.change(one, { ...one.fields, domain: domain.id }), 'The mapping')
    }),
    remove: async (one) => madeOf(await book.remove(one), 'The mapping'),
  }

  const listed = metaListReply(doors.baseUrl)
  return [...collectionRoutes(records, listed), ...collectionRoutes(mappings, listed)]
}
