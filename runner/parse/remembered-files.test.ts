import { describe, expect, test } from 'vitest'
import { sourceText } from './disk-files.ts'
import type { FileStores } from './remembered-files.ts'
import { rememberedFiles } from './remembered-files.ts'
import type { FileStamp, SourceFiles } from './source-files.ts'
import type { TextStore } from './text-store.ts'

/** A disk of one file that counts how often it was read. */
function makeDisk(text: string, stamp: FileStamp) {
  const disk = {
    text,
    stamp,
    reads: 0,
    files: {} as SourceFiles,
  }
  disk.files = {
    list: () => ['models/a.sql'],
    read: () => {
      disk.reads += 1
      return sourceText(disk.text)
    },
    hash: () => {
      disk.reads += 1
      return sourceText(disk.text).checksum
    },
    stamp: () => disk.stamp,
  }
  return disk
}

interface Store extends TextStore {
  text: string | undefined
}

function makeStore(): Store {
  const store = {
    text: undefined as string | undefined,
    read: () => store.text,
    write: (text: string) => {
      store.text = text
    },
  }
  return store
}

function makeStores() {
  return { files: makeStore(), texts: makeStore() }
}

const OLD: FileStamp = { size: 8, mtimeMs: 1_000, ctimeMs: 1_000, inode: 7 }

function readOnce(disk: ReturnType<typeof makeDisk>, stores: FileStores, nowMs: number): string {
  const files = rememberedFiles(disk.files, stores, nowMs)
  const { text } = files.read('models/a.sql')
  files.close()
  return text
}

describe('remembered files', () => {
  test('a file that looks the same is not read again', () => {
    const disk = makeDisk('select 1', OLD)
    const stores = makeStores()
    expect(readOnce(disk, stores, 10_000)).toBe('select 1')
    expect(readOnce(disk, stores, 20_000)).toBe('select 1')
    expect(disk.reads).toBe(1)
  })

  test.each([
    ['size', { ...OLD, size: 9 }],
    ['time of modification', { ...OLD, mtimeMs: 1_001 }],
    ['time of change, with the time of modification set back', { ...OLD, ctimeMs: 1_001 }],
    ['inode, as after a rename over it', { ...OLD, inode: 8 }],
  ])('a file of another %s is read again', (_what, stamp) => {
    const disk = makeDisk('select 1', OLD)
    const stores = makeStores()
    readOnce(disk, stores, 10_000)
    disk.text = 'select 2'
    disk.stamp = stamp
    expect(readOnce(disk, stores, 20_000)).toBe('select 2')
  })

  test('a file that changed within the tick of the clock in which it was read is read again', () => {
    const disk = makeDisk('select 1', OLD)
    const stores = makeStores()
    readOnce(disk, stores, 1_500)
    disk.text = 'select 2'
    expect(readOnce(disk, stores, 20_000)).toBe('select 2')
  })

  test('a seed that was only hashed is read when its text is asked for', () => {
    const disk = makeDisk('id\n1', OLD)
    const stores = makeStores()
    const first = rememberedFiles(disk.files, stores, 10_000)
    const checksum = first.hash('models/a.sql')
    first.close()
    expect(readOnce(disk, stores, 20_000)).toBe('id\n1')
    const third = rememberedFiles(disk.files, stores, 30_000)
    expect(third.hash('models/a.sql')).toBe(checksum)
    expect(disk.reads).toBe(2)
  })

  test('texts that are lost are read from the disk again', () => {
    const disk = makeDisk('select 1', OLD)
    const stores = makeStores()
    readOnce(disk, stores, 10_000)
    stores.texts.text = undefined
    expect(readOnce(disk, stores, 20_000)).toBe('select 1')
    expect(readOnce(disk, stores, 30_000)).toBe('select 1')
    expect(disk.reads).toBe(2)
  })

  test('a file that changes after it was looked at, while its text is not at hand, is an error', () => {
    const disk = makeDisk('select 1', OLD)
    const stores = makeStores()
    readOnce(disk, stores, 10_000)
    stores.texts.text = '[["of another file",'
    disk.text = 'select 2'
    expect(() => readOnce(disk, stores, 20_000)).toThrow('models/a.sql has changed while')
  })

  test('texts are read by who asks for one', () => {
    const disk = makeDisk('select 1', OLD)
    const stores = makeStores()
    readOnce(disk, stores, 10_000)
    stores.texts.read = () => expect.fail('nobody has asked')
    const files = rememberedFiles(disk.files, stores, 20_000)
    expect(files.read('models/a.sql').checksum).toBe(sourceText('select 1').checksum)
    files.close()
  })

  test.each(['', '{"format":1,"files":[', 'null', '{"format":0}'])(
    'a memory that holds %j counts as none',
    (text) => {
      const disk = makeDisk('select 1', OLD)
      const stores = makeStores()
      stores.files.text = text
      expect(readOnce(disk, stores, 10_000)).toBe('select 1')
      expect(disk.reads).toBe(1)
    },
  )
})
