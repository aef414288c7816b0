#!/usr/bin/env bash
# Builds the installed program and shows on a bare Debian that it installs, works without any network, trains, and goes.
#
#     installer/check.sh cpu|gpu [options of build.py]      build, then check
#     installer/check.sh cpu|gpu --built                    check what dist/ holds
#
# As root, on Debian or its kin. Takes debootstrap, Xvfb and unshare; the address of the package archive is that of this
# machine's own apt. Everything lies in build/check, the outputs of the steps in build/check/logs.
set -euo pipefail
cd "$(dirname "$0")/.."
flavour=${1:-}
case $flavour in cpu | gpu) shift ;; *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
[ "$(id -u)" = 0 ] || { echo "Run this as root: it makes a Debian root and goes into it." >&2; exit 2; }
for tool in debootstrap Xvfb unshare ip; do
    command -v "$tool" >/dev/null || { echo "There is no $tool; install debootstrap, xvfb, util-linux and iproute2." >&2; exit 2; }
done

work=$PWD/build/check
logs=$work/logs
root=$work/root
user=radiographer
home=/home/$user
rm -rf "$logs"
mkdir -p "$logs"
failed=0
number=0

# step "what is shown" command…: one line, and what the command said in a file
step() {
    local words=$1 log code start=$SECONDS
    shift
    number=$((number + 1))
    log=$(printf '%s/%02d.log' "$logs" "$number")
    # not as a condition: there bash would go on after a command that failed
    set +e
    (
        set -e
        "$@"
    ) >"$log" 2>&1
    code=$?
    set -e
    if [ $code = 0 ]; then
        printf 'ok      %s (%d s)\n' "$words" $((SECONDS - start))
    else
        printf 'FAILED  %s; see %s\n' "$words" "${log#"$PWD/"}"
        failed=1
    fi
    { grep '^shown: ' "$log" || true; } | sed 's/^shown: /          /'
}

finish() {
    [ -z "${xvfb:-}" ] || kill "$xvfb" 2>/dev/null || true
}
trap finish EXIT

# --------------------------------------------------------------------- the bare root

base_root() {
    local site suite
    site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' | head -n 1)
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    if [ ! -e "$work/base/.complete" ]; then
        rm -rf "$work/base"
        debootstrap --variant=minbase "$suite" "$work/base" "$site"
        touch "$work/base/.complete"
    fi
    rm -rf "$root"
    cp -a "$work/base" "$root"
    chroot "$root" apt-get update
    chroot "$root" useradd --create-home --shell /bin/bash "$user"
    contents >"$work/before.txt"
}

# the files of the root but for those that any installation of any package changes, and the user's
contents() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./tmp -o -path ./var/cache \
        -o -path ./var/log -o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path "./home" \) -prune -o -print | sort)
}

# offline command…: as a normal user in the root; no network but the way to itself, no variables of ours
offline() {
    unshare --net --mount --pid --fork --kill-child bash -c '
        root=$1 user=$2 display=$3
        shift 3
        ip link set lo up
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mkdir -p "$root/tmp/.X11-unix"
        mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
        exec chroot --userspec="$user:$user" "$root" env -i HOME="/home/$user" USER="$user" LANG=C.UTF-8 \
            PATH=/usr/local/bin:/usr/bin:/bin DISPLAY="$display" QT_QPA_PLATFORM=xcb bash -c "cd; \"\$@\"" - "$@"
    ' - "$root" "$user" ":$display" "$@"
}

# --------------------------------------------------------------------- the steps

no_network() {
    local said
    # an address that is kept for documentation: nobody would answer, but a machine with a network would try
    said=$(offline bash -c '
        echo "interfaces: $(sed -n "3,\$s/ *\([^:]*\):.*/\1/p" /proc/net/dev | tr "\n" " ")"
        echo "routes: $(($(grep -c . /proc/net/route) - 1))"
        (: </dev/tcp/192.0.2.1/80) 2>&1 | sed -n "s/.*: /a connection outwards: /p" | head -n 1
    ')
    echo "$said" | sed 's/^/shown: /'
    grep -qx 'interfaces: lo *' <<<"$said" && grep -qx 'routes: 0' <<<"$said" && grep -q 'unreachable' <<<"$said"
}

package() {
    local name=dist/miqa-${flavour}_*.deb
    if ls $name.part1 >/dev/null 2>&1; then
        cat $name.part? >"$root/tmp/miqa.deb"
    else
        cp $name "$root/tmp/miqa.deb"
    fi
    chroot "$root" apt-get install -y --no-install-recommends /tmp/miqa.deb
    rm "$root/tmp/miqa.deb"
    echo "shown: $(chroot "$root" dpkg-query -W -f '${Package} ${Version} ${Architecture}, ${Installed-Size} KiB' miqa)"
}

self_test() {
    offline "$@" --self-test "$home/self-test" | sed 's/^/shown: /'
}

fast_engine() {
    offline miqa models prepare
    self_test miqa | tee "$work/fast.txt"
    grep -q '(openvino, cpu, fp32)' "$work/fast.txt"
}

command_line() {
    offline bash -c '
        set -eu
        phantom=/opt/miqa/_internal/resources/phantom
        miqa --version
        miqa score $phantom/clean.nii.gz --json result.json --record
        grep -q "miqa.assessment/1" result.json
        miqa assessments list
        miqa simulate $phantom/clean.nii.gz worse.nii.gz --artefact motion --severity 0.5 --seed 1
        miqa demo --headless demo
        ls demo/*.pdf demo/*.html demo/*.png
        miqa models verify
        miqa audit verify
        code=0; miqa nonsense || code=$?; [ $code = 2 ]
        echo nothing >broken.nii.gz
        code=0; miqa score broken.nii.gz || code=$?; [ $code = 1 ]
        code=0; miqa score missing.nii.gz || code=$?; [ $code = 2 ]
    '
}

training() {
    "build/$flavour/venv/bin/python" -m tests.installer.check_inputs "$root$home/train" "$home/train"
    chown -R --reference="$root$home" "$root$home/train"
    # a pool of spawned processes, a second training process, workers that load; then Ctrl-C before the long measuring
    offline bash -c '
        set -mu
        # all processes of the program, by the words they were started with
        ours() {
            for file in /proc/[0-9]*/cmdline; do tr "\0" " " <$file; echo; done 2>/dev/null | grep -E "^[^ ]*miqa "
        }
        # whoever starts this script behind a shell hands SIGINT on as ignored
        env --default-signal=INT miqa train train/tiny.yaml --data /opt/miqa/_internal/resources/phantom --out train/runs --json-lines \
            >train/lines &
        training=$!
        while kill -0 $training 2>/dev/null && ! grep -q "\"calibrate\"" train/lines; do
            ours >>train/seen
            sleep 0.5
        done
        kill -INT $training
        code=0
        wait $training || code=$?
        workers=$(grep -c -- --multiprocessing-fork train/seen)
        seconds=$(grep -cE "^[^ ]*miqa [^ ]*miqa train" train/seen)
        log=train/runs/tiny/log-1/metrics.csv
        echo "shown: seen at work: spawned workers $workers times, the second process $seconds times"
        echo "shown: steps: $(tail -n 1 $log | cut -d, -f2); ended by Ctrl-C with code $code"
        for second in $(seq 20); do
            left=$(ours | wc -l)
            [ "$left" = 0 ] && break
            sleep 1
        done
        echo "shown: processes left: $left"
        [ "$workers" -gt 0 ] && [ "$seconds" -gt 0 ] && [ $code = 130 ] && [ "$left" = 0 ] && [ -s train/runs/tiny/last.ckpt ]
    '
}

fine_tuning() {
    offline miqa/miqa finetune train/site/site.csv --recipe train/heads.yaml --device cpu
    offline miqa/miqa models list | sed 's/^/shown: /'
}

remove() {
    chroot "$root" apt-get purge -y --autoremove miqa
    contents >"$work/after.txt"
    comm -13 "$work/before.txt" "$work/after.txt" | sed 's/^/shown: left: /' | tee "$work/left.txt"
    echo "shown: of the user: $(cd "$root$home" && find .cache .config .local -maxdepth 2 -mindepth 1 | sort | tr '\n' ' ')"
    [ ! -s "$work/left.txt" ]
}

archive() {
    local depends
    depends=$(sed -n 's/^Depends: //p' "$work/control" | tr ',' '\n' | sed 's/(.*//' | grep -v libc6)
    # a desktop has these; the archive brings no packages
    chroot "$root" apt-get install -y --no-install-recommends $depends
    if ls dist/miqa-${flavour}_*.tar.gz.part1 >/dev/null 2>&1; then
        cat dist/miqa-${flavour}_*.tar.gz.part? | tar -xz -C "$root$home"
    else
        tar -xzf dist/miqa-${flavour}_*.tar.gz -C "$root$home"
    fi
    chown -R --reference="$root$home" "$root$home/miqa"
    self_test "$home/miqa/miqa"
}

# a function, so that the whole file is read before anything long is done
main() {
    if [ "${1:-}" = --built ]; then
        shift
    else
        step "builds ($flavour)" python3 installer/build.py "$flavour" "$@"
    fi
    step "a bare Debian root" base_root
    exec 3< <(Xvfb -displayfd 1 -ac -nolisten tcp -screen 0 1600x1000x24 2>"$logs/xvfb.log")
    xvfb=$!
    read -r display <&3
    step "no network in the root" no_network
    step "the package installs" package
    step "self-test under an X server, cold" self_test miqa
    step "self-test under an X server, warm" self_test miqa
    step "the fast engine is made, and the self-test is the same with it" fast_engine
    step "scores, keeps, simulates, reports; exit codes are right" command_line
    step "a training with spawned workers, loaders and a second process" training
    chroot "$root" dpkg -s miqa >"$work/control" 2>/dev/null || true
    step "the package goes and leaves nothing but the user's data" remove
    step "the folder in a home directory, without administrator" archive
    step "a fine-tuning on ratings with that folder" fine_tuning
    exit $failed
}

main "$@"
