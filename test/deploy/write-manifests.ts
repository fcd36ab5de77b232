// SPDX-License-Identifier: Apache-2.0
// Writes deploy/kubernetes/galgo.yaml anew from the chart: node --import tsx test/deploy/write-manifests.ts
import { writeFileSync } from "node:fs";
import { Chart, MANIFESTS } from "./chart.ts";

const chart = new Chart();
writeFileSync(MANIFESTS, chart.manifestText());
chart.dispose();
