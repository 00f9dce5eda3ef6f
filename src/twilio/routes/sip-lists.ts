// Lists that SIP domains are guarded by (CLS-01, ACL-01): credentials, of which only the digest HA1 is kept, sealed; and
// networks.

import { isIPv4 } from 'node:net'
import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import type { Kind } from '#accounts/kinds.ts'
import { err } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { digestHa1 } from '#sip/digest.ts'
import { type Collection, change, collectionRoutes, creation } from '../collection.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { errors } from '../errors.ts'
import { coded, text, whole } from '../fields.ts'
import { MAX_LIST_NAME_CHARACTERS, MAX_NAME_CHARACTERS, MAX_SIP_USERNAME_CHARACTERS } from '../limits.ts'
import { A } from '../route.ts'
import { readSid, restTime, type SidKind, sid, uri } from '../spelling.ts'
import { madeOf } from '../stored.ts'

type CredentialList = Entry<'sip-credential-list'>
type Credential = Entry<'sip-credential'>
type AccessList = Entry<'sip-access-list'>
type AccessAddress = Entry<'sip-access-address'>

const byAge = (one: { readonly createdAtWallMs: number; readonly id: string }) => ({
  at: one.createdAtWallMs,
  id: one.id,
})

const password = z
  .unknown()
  .transform((value) => (Array.isArray(value) ? value.at(-1) : value))
  .pipe(
    z.string().refine((one) => one.length >= 12 && /[a-z]/.test(one) && /[A-Z]/.test(one) && /\d/.test(one), {
      message: coded(20001, 'Password must have 12 characters at least, in both cases, and a digit.'),
    }),
  )
const username = text(MAX_SIP_USERNAME_CHARACTERS, 1).refine((one) => !/[\s:"<>@]/.test(one), {
  message: coded(20001, 'Username holds a character that SIP user names do not.'),
})
const address = text(15).refine((one) => isIPv4(one), { message: coded(20001, 'IpAddress is not an IPv4 address.') })

export function sipListRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { book, seal } = doors.register
  const listOf = <K extends Kind>(actor: TwilioActor, kind: K, prefix: SidKind, named: string | undefined) =>
    book.get(actor.account, kind, readSid(prefix, named) ?? '')

  const credentialLists: Collection<CredentialList> = {
    path: `${A}/SIP/CredentialLists`,
    param: 'sid',
    key: 'credential_lists',
    noun: 'credential list',
    all: ({ actor }) => book.list(actor.account, 'sip-credential-list'),
    find: ({ actor }, named) => listOf(actor, 'sip-credential-list', 'credentialList', named),
    show: (one) => listResource(one, 'credentialList', 'CredentialLists', 'Credentials', 'credentials'),
    keyOf: byAge,
    create: creation(z.object({ FriendlyName: text(MAX_NAME_CHARACTERS, 1) }), async (form, { actor }) =>
      madeOf(await book.add(actor.account, 'sip-credential-list', { name: form.FriendlyName }), 'The credential list'),
    ),
    change: change(z.object({ FriendlyName: text(MAX_NAME_CHARACTERS, 1) }), async (form, one) =>
      madeOf(await book.change(one, { name: form.FriendlyName }), 'The credential list'),
    ),
    remove: async (one) => {
      // First what is in it: a list that is gone lets nobody in.
      const gone = await book.remove(one)
      for (const credential of book.list(one.account, 'sip-credential'))
        if (gone.ok && credential.fields.list === one.id) await book.remove(credential)
      return madeOf(gone, 'The credential list')
    },
  }

  const ha1 = (name: string, secret: string) => seal.close(digestHa1('MD5', name, doors.sipRealm, secret))
  const credentials: Collection<Credential, CredentialList> = {
    path: `${A}/SIP/CredentialLists/:list_sid/Credentials`,
    param: 'sid',
    key: 'credentials',
    noun: 'credential',
    parent: (actor, params) => listOf(actor, 'sip-credential-list', 'credentialList', params.list_sid),
    all: ({ parent }) => book.list(parent.account, 'sip-credential').filter((one) => one.fields.list === parent.id),
    find: ({ parent }, named) => {
      const one = book.get(parent.account, 'sip-credential', readSid('credential', named) ?? '')
      return one?.fields.list === parent.id ? one : null
    },
    show: credentialResource,
    keyOf: byAge,
    create: creation(z.object({ Username: username, Password: password }), async (form, { parent }) => {
      const known = book
        .list(parent.account, 'sip-credential')
        .some((one) => one.fields.list === parent.id && one.fields.username === form.Username)
      if (known) return err(errors.invalid(`A credential with Username ${form.Username} is in this list already.`))
      const fields = { list: parent.id, username: form.Username, ha1: ha1(form.Username, form.Password) }
      return madeOf(await book.add(parent.account, 'sip-credential', fields), 'The credential')
    }),
    change: change(z.object({ Password: password }), async (form, one) =>
      madeOf(await book.change(one, { ...one.fields, ha1: ha1(one.fields.username, form.Password) }), 'The credential'),
    ),
    remove: async (one) => madeOf(await book.remove(one), 'The credential'),
  }

  const accessLists: Collection<AccessList> = {
    path: `${A}/SIP/IpAccessControlLists`,
    param: 'sid',
    key: 'ip_access_control_lists',
    noun: 'IP access control list',
    all: ({ actor }) => book.list(actor.account, 'sip-access-list'),
    find: ({ actor }, named) => listOf(actor, 'sip-access-list', 'accessList', named),
    show: (one) => listResource(one, 'accessList', 'IpAccessControlLists', 'IpAddresses', 'ip_addresses'),
    keyOf: byAge,
    create: creation(z.object({ FriendlyName: text(MAX_LIST_NAME_CHARACTERS, 1) }), async (form, { actor }) =>
      madeOf(await book.add(actor.account, 'sip-access-list', { name: form.FriendlyName }), 'The access list'),
    ),
    change: change(z.object({ FriendlyName: text(MAX_LIST_NAME_CHARACTERS, 1) }), async (form, one) =>
      madeOf(await book.change(one, { name: form.FriendlyName }), 'The access list'),
    ),
    remove: async (one) => {
      const gone = await book.remove(one)
      for (const entry of book.list(one.account, 'sip-access-address'))
        if (gone.ok && entry.fields.list === one.id) await book.remove(entry)
      return madeOf(gone, 'The access list')
    },
  }

  const addressForm = z.object({
    FriendlyName: text(MAX_LIST_NAME_CHARACTERS, 1),
    IpAddress: address,
    CidrPrefixLength: whole(0, 32).optional(),
  })
  const addresses: Collection<AccessAddress, AccessList> = {
    path: `${A}/SIP/IpAccessControlLists/:list_sid/IpAddresses`,
    param: 'sid',
    key: 'ip_addresses',
    noun: 'IP address',
    parent: (actor, params) => listOf(actor, 'sip-access-list', 'accessList', params.list_sid),
    all: ({ parent }) => book.list(parent.account, 'sip-access-address').filter((one) => one.fields.list === parent.id),
    find: ({ parent }, named) => {
      const one = book.get(parent.account, 'sip-access-address', readSid('accessAddress', named) ?? '')
      return one?.fields.list === parent.id ? one : null
    },
    show: addressResource,
    keyOf: byAge,
    create: creation(addressForm, async (form, { parent }) => {
      const { FriendlyName: name, IpAddress: host, CidrPrefixLength: bits = 32 } = form
      const fields = { list: parent.id, name, address: host, bits }
      return madeOf(await book.add(parent.account, 'sip-access-address', fields), 'The address')
    }),
    change: change(addressForm.partial(), async (form, one) => {
      const { fields } = one
      return madeOf(
        await book.change(one, {
          ...fields,
          name: form.FriendlyName ?? fields.name,
          address: form.IpAddress ?? fields.address,
          bits: form.CidrPrefixLength ?? fields.bits,
        }),
        'The address',
      )
    }),
    remove: async (one) => madeOf(await book.remove(one), 'The address'),
  }

  return [
    ...collectionRoutes(credentialLists),
    ...collectionRoutes(credentials),
    ...collectionRoutes(accessLists),
    ...collectionRoutes(addresses),
  ]
}

function common(one: Entry): object {
  return {
    account_sid: sid('account', one.account),
    date_created: restTime(one.createdAtWallMs),
    date_updated: restTime(one.updatedAtWallMs),
  }
}

function listResource(
  one: CredentialList | AccessList,
  prefix: SidKind,
  path: string,
  below: string,
  key: string,
): object {
  const named = sid(prefix, one.id)
  return {
    sid: named,
    friendly_name: one.fields.name,
    ...common(one),
    uri: uri(one.account, 'SIP', path, named),
    subresource_uris: { [key]: uri(one.account, 'SIP', path, named, below) },
  }
}

function credentialResource(one: Credential): object {
  const list = sid('credentialList', one.fields.list)
  const named = sid('credential', one.id)
  return {
    sid: named,
    credential_list_sid: list,
    username: one.fields.username,
    ...common(one),
    uri: uri(one.account, 'SIP', 'CredentialLists', list, 'Credentials', named),
  }
}

function addressResource(one: AccessAddress): object {
  const list = sid('accessList', one.fields.list)
  const named = sid('accessAddress', one.id)
  return {
    sid: named,
    ip_access_control_list_sid: list,
    friendly_name: one.fields.name,
    ip_address: one.fields.address,
    cidr_prefix_length: one.fields.bits,
    ...common(one),
    uri: uri(one.account, 'SIP', 'IpAccessControlLists', list, 'IpAddresses', named),
  }
}
