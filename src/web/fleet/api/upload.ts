// SPDX-License-Identifier: Apache-2.0
// A file as the body of a request.
import { csrfHeaders } from "./client.ts";

/** What `send` wants for it. */
export function uploadInit(body: ArrayBuffer): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/octet-stream", ...csrfHeaders() },
    body,
  };
}
