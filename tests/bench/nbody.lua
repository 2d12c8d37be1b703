-- Float arithmetic on named fields of a few small tables (Computer Language Benchmarks Game).
local size = tonumber((...)) or 400000

local square_root = math.sqrt
local PI = 3.141592653589793
local SOLAR_MASS = 4 * PI * PI
local DAYS_PER_YEAR = 365.24

local function body(x, y, z, vx, vy, vz, mass)
  return {
    x = x, y = y, z = z,
    vx = vx * DAYS_PER_YEAR, vy = vy * DAYS_PER_YEAR, vz = vz * DAYS_PER_YEAR,
    mass = mass * SOLAR_MASS,
  }
end

local bodies = {
  body(0, 0, 0, 0, 0, 0, 1), -- Sun
  body(4.84143144246472090e+00, -1.16032004402742839e+00, -1.03622044471123109e-01,
    1.66007664274403694e-03, 7.69901118419740425e-03, -6.90460016972063023e-05, 9.54791938424326609e-04), -- Jupiter
  body(8.34336671824457987e+00, 4.12479856412430479e+00, -4.03523417114321381e-01,
    -2.76742510726411899e-03, 4.99852801234917238e-03, 2.30417297573763929e-05, 2.85885980666130812e-04), -- Saturn
  body(1.28943695621391310e+01, -1.51111514016986312e+01, -2.23307578892655734e-01,
    2.96460137564761618e-03, 2.37847173959480950e-03, -2.96589568540237556e-05, 4.36624404335156298e-05), -- Uranus
  body(1.53796971148509165e+01, -2.59193146099879641e+01, 1.79258772950371181e-01,
    2.68067772490389322e-03, 1.62824170038242295e-03, -9.51592254519715870e-05, 5.15138902046611451e-05), -- Neptune
}

local function offset_momentum()
  local px, py, pz = 0, 0, 0
  for i = 1, #bodies do
    local one = bodies[i]
    px = px + one.vx * one.mass
    py = py + one.vy * one.mass
    pz = pz + one.vz * one.mass
  end
  local sun = bodies[1]
  sun.vx = -px / SOLAR_MASS
  sun.vy = -py / SOLAR_MASS
  sun.vz = -pz / SOLAR_MASS
end

local function energy()
  local total = 0
  for i = 1, #bodies do
    local one = bodies[i]
    local speed_squared = one.vx * one.vx + one.vy * one.vy + one.vz * one.vz
    total = total + 0.5 * one.mass * speed_squared
    for j = i + 1, #bodies do
      local other = bodies[j]
      local dx, dy, dz = one.x - other.x, one.y - other.y, one.z - other.z
      total = total - one.mass * other.mass / square_root(dx * dx + dy * dy + dz * dz)
    end
  end
  return total
end

local function advance(step)
  local count = #bodies
  for i = 1, count do
    local one = bodies[i]
    local x, y, z, mass = one.x, one.y, one.z, one.mass
    local vx, vy, vz = one.vx, one.vy, one.vz
    for j = i + 1, count do
      local other = bodies[j]
      local dx, dy, dz = x - other.x, y - other.y, z - other.z
      local distance_squared = dx * dx + dy * dy + dz * dz
      local magnitude = step / (distance_squared * square_root(distance_squared))
      local other_pull = other.mass * magnitude
      vx = vx - dx * other_pull
      vy = vy - dy * other_pull
      vz = vz - dz * other_pull
      local own_pull = mass * magnitude
      other.vx = other.vx + dx * own_pull
      other.vy = other.vy + dy * own_pull
      other.vz = other.vz + dz * own_pull
    end
    one.vx, one.vy, one.vz = vx, vy, vz
    one.x = x + step * vx
    one.y = y + step * vy
    one.z = z + step * vz
  end
end

offset_momentum()
local before = energy()
for _ = 1, size do advance(0.01) end
print(string.format("%.9f %.9f", before, energy()))
