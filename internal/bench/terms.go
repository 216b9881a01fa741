//go:build linux

package main

// The agreement and the price book of the measured gateway. They bill by use and share what comes in, as real ones do.

const agreementText = `concord: 1
agreement: bench
title: What the benchmark runs under
currency: USD
zone: UTC
parties:
  openai: {name: OpenAI, operates: [openai]}
products:
  openai/gpt-5.4: {owner: openai, aliases: [gpt-5.4], apis: [chat]}
amendments:
  - id: start
    effective: 2025-01-01
    recorded: 2025-01-01
    source: {url: bench, provenance: assumed}
    adds:
      - {id: where, kind: delivery, prose: One cloud., products: all, order: [[openai]], leave_for: [down, throttled], term: perpetual}
      - id: sales
        kind: sale
        seller: openai
        products: [openai/gpt-5.4]
        clouds: all
        price: {book: bench-list}
        streams: {license: "60%", cloud: "40%"}
        charge: {cut: delivered, cancelled: delivered, refused: none, failed: none, interrupted: none}
        term: perpetual
`

const pricesText = `concord: 1
prices: bench-list
currency: USD
per: 1M tokens
entries:
  - {product: openai/gpt-5.4, seller: openai, from: 2023-01-01, input: "2.50", cache_read: "0.25", output: "15", provenance: assumed, source: bench}
`
