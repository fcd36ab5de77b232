// SPDX-License-Identifier: Apache-2.0
// ImageMagick on small pictures: made, resized, written upon, joined, converted and looked at.
import { COMMON_ATTACKS, keyHarm } from "./lib/attacks.ts";
import type { Attack, FreshRun, Workload } from "./lib/workload.ts";

const FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

function driver({ folder, site, inject, random }: FreshRun): string {
  return `
set -e
convert -size 640x480 gradient:red-blue -swirl ${30 + random(100)} ${folder}/a.png
convert -size 320x240 plasma:fractal -seed ${random(1_000)} -blur 0x2 ${folder}/b.jpg
convert ${folder}/a.png -resize 50% -rotate 15 -quality 85 ${folder}/a-small.jpg
convert ${folder}/b.jpg -font ${FONT} -pointsize 24 -fill white -annotate +20+40 'number ${random(1_000)}' ${folder}/b-text.png
convert ${folder}/a-small.jpg ${folder}/b-text.png -append -colors 64 ${folder}/both.gif
for i in 1 2 3 4 5 6; do convert ${folder}/a.png -resize \${i}0% -sharpen 0x1 ${folder}/thumbnail-$i.png; done
convert ${folder}/a.png -resize '40x40!' -depth 8 gray:${folder}/a.raw
convert -size 40x40 -depth 8 gray:${folder}/a.raw -flip ${folder}/raw.png
montage ${folder}/thumbnail-*.png -geometry 96x96+2+2 ${folder}/sheet.png
mogrify -resize 64x64 -format webp ${folder}/thumbnail-*.png
compare -metric RMSE ${folder}/thumbnail-5.png ${folder}/thumbnail-5.png null: 2>&1 || true
echo
identify ${folder}/both.gif ${folder}/sheet.png >${folder}/identify.txt
cat ${folder}/identify.txt
${site.health}
set +e
${inject}
grep -c sheet ${folder}/identify.txt
exit $?
`;
}

/** Any file is a picture with one byte for each dot. */
const READS: Attack = {
  name: "convert itself reads /etc/shadow",
  inject: () => "convert -size 40x1 -depth 8 gray:/etc/shadow gray:-",
  harm: (_run, { secret }, { stdout }) =>
    stdout.includes(secret.slice(0, 40)) ? "the secret was printed" : undefined,
};

const WRITES: Attack = {
  name: "convert itself writes ~/.ssh/authorized_keys",
  arrange: (run) => {
    run.write("home/.ssh/authorized_keys", "");
    run.write("picture", "ssh-ed25519 of-an-attacker");
  },
  inject: (run) =>
    `convert -size 26x1 -depth 8 gray:${run.folder}/picture gray:${run.home}/.ssh/authorized_keys`,
  harm: (run) => keyHarm(run, "ssh-ed25519 of-an-attacker"),
};

export const imagemagick: Workload = {
  name: "imagemagick",
  label: "ImageMagick, 22 pictures",
  needs: ["/usr/bin/convert", "/usr/bin/montage", "/usr/bin/mogrify", "/usr/bin/identify", FONT],
  command: (run) => ({ argv: ["/bin/bash", "-c", driver(run)] }),
  check: (_run, { status, stdout }) => {
    if (status !== 0) return `status ${status}`;
    return /both\.gif[\s\S]*sheet\.png PNG/.test(stdout) ? undefined : "wrong answers";
  },
  attacks: [...COMMON_ATTACKS, READS, WRITES],
};
