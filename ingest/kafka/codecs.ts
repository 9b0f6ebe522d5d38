import { decompress as unzstd } from 'fzstd'
import kafkajs from 'kafkajs'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { compressSync, uncompressSync } from 'snappy'

interface KafkaEncoder {
  readonly buffer: Buffer
}

/** Java's snappy stream: this header, two 32-bit versions, then blocks with their lengths before them. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER_BYTES = 16

let isRegistered = false

/** Teaches kafkajs the codecs that it leaves out: without one, a compressed batch ends the consumer. */
export function registerCodecs(): void {
  if (isRegistered) return
  isRegistered = true
  const { CompressionCodecs, CompressionTypes } = kafkajs
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: (encoder: KafkaEncoder) => Promise.resolve(compressSync(encoder.buffer)),
    decompress: (buffer: Buffer) => Promise.resolve(unsnappy(buffer)),
  })
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: (encoder: KafkaEncoder) => Promise.resolve(compressFrameSync(encoder.buffer)),
    decompress: (buffer: Buffer) => Promise.resolve(decompressFrameSync(buffer)),
  })
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: () => Promise.reject(new Error('zstd can only be read here')),
    decompress: (buffer: Buffer) => Promise.resolve(Buffer.from(unzstd(buffer))),
  })
}

/** Both framings: Java writes blocks below a header, other clients one bare block. */
export function unsnappy(buffer: Buffer): Buffer {
  if (!buffer.subarray(0, XERIAL.length).equals(XERIAL)) return asBuffer(uncompressSync(buffer))
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER_BYTES; at < buffer.length; ) {
    const end = at + 4 + buffer.readUInt32BE(at)
    blocks.push(asBuffer(uncompressSync(buffer.subarray(at + 4, end))))
    at = end
  }
  return Buffer.concat(blocks)
}

function asBuffer(content: string | Buffer): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : content
}
